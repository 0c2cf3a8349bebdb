// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerCertificate;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** An HTTP server for local and remote clients, under one policy. It tells each who it is and what it may do. */
final class OneIdentityServer {
    private OneIdentityServer() {}

    /** Listens on a Unix domain socket, with TLS if there is a context. */
    static Channel local(
            EventLoopGroup group, String path, PeerAuthorization authorization, @Nullable SslContext context) {
        return new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new PeerCredentialsHandler());
                        if (context != null) {
                            channel.pipeline()
                                    .addLast(context.newHandler(channel.alloc()), new TlsCertificateHandler());
                        }
                        addApplication(channel, authorization);
                    }
                })
                .bind(new DomainSocketAddress(path))
                .syncUninterruptibly()
                .channel();
    }

    /** Listens on TCP, with TLS. */
    static Channel remote(
            EventLoopGroup group, InetSocketAddress address, PeerAuthorization authorization, SslContext context) {
        return new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(context.newHandler(channel.alloc()), new TlsCertificateHandler());
                        addApplication(channel, authorization);
                    }
                })
                .bind(address)
                .syncUninterruptibly()
                .channel();
    }

    private static void addApplication(Channel channel, PeerAuthorization authorization) {
        channel.pipeline()
                .addLast(
                        new PeerAuthorizationHandler(authorization),
                        new HttpServerCodec(),
                        new HttpObjectAggregator(65536),
                        new WhoAmI());
    }

    private static final class WhoAmI extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            PeerIdentity identity = PeerIdentity.of(ctx.channel());
            String who;
            if (identity instanceof PeerIdentity.ByCredentials peer) {
                who = user(peer.credentials());
            } else if (identity instanceof PeerIdentity.ByCertificate peer) {
                who = name(peer.certificate());
            } else if (identity instanceof PeerIdentity.ByBoth peer) {
                who = user(peer.credentials()) + " and " + name(peer.certificate());
            } else {
                who = "nobody: " + identity;
            }
            String text =
                    who + ", may " + new TreeSet<>(PeerAccess.of(ctx.channel()).grants()) + "\n";
            DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.copiedBuffer(text, UTF_8));
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
            ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
        }

        private static String user(UnixPeerCredentials peer) {
            return "user " + peer.uid();
        }

        private static String name(PeerCertificate certificate) {
            return certificate.spiffeId().orElse(certificate.subject());
        }
    }
}
