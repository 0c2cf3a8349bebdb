// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;

/** What docs/service-socket.md shows. */
final class ServiceExample {
    private static final int SIGTERM = 15;

    private ServiceExample() {}

    static ServiceSocket start(Path path, EventLoopGroup group) throws Exception {
        ServiceSocket socket = ServiceSocket.builder(path).mode(0666).take();
        socket.serve(new ServerBootstrap().group(group).childHandler(greeting()))
                .sync();
        return socket;
    }

    static ChannelInitializer<Channel> greeting() {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new PeerCredentialsHandler(), new Greeter());
            }
        };
    }

    static ServiceSocket startOrTakeOver(Path path, Runnable stop) throws ServiceSocketException {
        ServiceSocket socket =
                ServiceSocket.builder(path).takeOver().offerHandOver().take();
        socket.handedOver().thenRunAsync(stop);
        return socket;
    }

    static void stop(Path path, long uid) throws ServiceSocketException, InterruptedException {
        try (RunningService running = RunningService.find(path).requireUser(uid)) {
            running.signal(SIGTERM);
            running.awaitExit();
        }
    }

    static final class Greeter extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            UnixPeerCredentials peer = UnixPeerCredentials.of(ctx.channel()).orElseThrow();
            ctx.writeAndFlush(Unpooled.copiedBuffer("hello, user " + peer.uid() + "\n", US_ASCII))
                    .addListener(ChannelFutureListener.CLOSE);
        }
    }
}
