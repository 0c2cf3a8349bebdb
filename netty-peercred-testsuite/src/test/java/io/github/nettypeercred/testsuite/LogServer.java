// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.util.function.Consumer;

/** A log that says who wrote each line: the code of the README. */
final class LogServer {
    private LogServer() {}

    static Channel start(EventLoopGroup group, String path, Consumer<String> log) {
        return new Bootstrap()
                .group(group)
                .channel(EpollAttestedDatagramChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new AttestedDatagramHandler(), new LogHandler(log));
                    }
                })
                .bind(new DomainSocketAddress(path))
                .syncUninterruptibly()
                .channel();
    }

    static final class LogHandler extends SimpleChannelInboundHandler<AttestedDatagram> {
        private final Consumer<String> log;

        LogHandler(Consumer<String> log) {
            this.log = log;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, AttestedDatagram datagram) {
            String who = datagram.credentials()
                    .credentials()
                    .map(sender -> "user " + sender.uid())
                    .orElse("unknown");
            log.accept(who + ": " + datagram.content().toString(UTF_8));
        }
    }
}
