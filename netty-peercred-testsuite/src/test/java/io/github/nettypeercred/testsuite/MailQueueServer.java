// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LineBasedFrameDecoder;

/** The mail queue of the README, which shows these lines: a group may name any sender, everybody else only themselves. */
final class MailQueueServer {
    private MailQueueServer() {}

    static Channel start(EventLoopGroup group, String path) {
        PeerAuthorization authorization = PeerAuthorization.of(PeerPolicy.builder()
                .allow("mail system", rule -> rule.group("mail").grants("submit", "send-as-anyone"))
                .allow("everybody", rule -> rule.anyUser().grants("submit"))
                .build());
        return new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        PeerCredentialsHandler.builder()
                                                .groups()
                                                .build(),
                                        new PeerAuthorizationHandler(authorization),
                                        new LineBasedFrameDecoder(1024),
                                        new Queue());
                    }
                })
                .bind(new DomainSocketAddress(path))
                .syncUninterruptibly()
                .channel();
    }

    /** Takes lines such as {@code FROM 1000}. */
    static final class Queue extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf line) {
            long uid = UnixPeerCredentials.of(ctx.channel()).orElseThrow().uid();
            boolean itself = line.toString(UTF_8).equals("FROM " + uid);
            boolean may = itself || PeerAccess.of(ctx.channel()).has("send-as-anyone");
            ctx.writeAndFlush(Unpooled.copiedBuffer(may ? "queued\n" : "refused: you are " + uid + "\n", UTF_8));
        }
    }
}
