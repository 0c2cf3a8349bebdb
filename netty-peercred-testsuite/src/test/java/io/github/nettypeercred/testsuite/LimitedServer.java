// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimitExceeded;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;

/** The server of docs/limits.md. */
final class LimitedServer {
    private LimitedServer() {}

    static PeerLimits limits() {
        return PeerLimits.builder()
                .totalConnections(700)
                .connections(100)
                .connectionsPerSecond(50, 100, OverLimit.REFUSE)
                .bytesPerSecond(1 << 20, 4 << 20, OverLimit.SLOW)
                .holdReadsWhileUnwritable()
                .build();
    }

    static Channel start(EventLoopGroup group, String path, PeerLimits limits) {
        return new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel server) {
                        server.pipeline().addLast(new PeerCredentialsAcceptHandler(), limits.acceptHandler());
                    }
                })
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline().addLast(new PeerCredentialsHandler(), limits.handler(), new Echo());
                    }
                })
                .bind(new DomainSocketAddress(path))
                .syncUninterruptibly()
                .channel();
    }

    static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.writeAndFlush(msg);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerLimitExceeded exceeded) {
                System.err.println("closed, over its " + exceeded.limit());
            }
            ctx.fireUserEventTriggered(evt);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
