// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;

/**
 * A server to be run under strace(1): its arguments are the transport, the path, "first-read" or "every-read", and how many bytes it
 * reads at once. It says how many bytes it has read of a connection when that has closed.
 */
final class CountedServer {
    private CountedServer() {}

    public static void main(String[] args) throws IOException {
        TestTransport transport = args[0].equals("epoll") ? TestTransport.EPOLL : new TestTransport.IoUring();
        int size = Integer.parseInt(args[3]);
        ServerBootstrap server = new ServerBootstrap()
                .group(transport.newGroup(1))
                .channel(transport.serverChannel())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.config()
                                .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(size).maxMessagesPerRead(16));
                        child.pipeline().addLast(ours(args[2]), new Counter());
                    }
                });
        if (!args[2].equals("connect")) {
            server.handler(PeerCredentialsAcceptHandler.builder().firstRead().build());
        }
        EventLoop acceptor = server.bind(new DomainSocketAddress(args[1]))
                .syncUninterruptibly()
                .channel()
                .eventLoop();
        acceptor.submit(() -> {}).syncUninterruptibly(); // by then the listener's own registrations are made
        System.out.println("ready");
        while (System.in.read() >= 0) {
            // until the test has gone: strace(1) leaves behind what it traced when it is killed
        }
        Runtime.getRuntime().halt(0);
    }

    private static ChannelHandler ours(String mode) {
        return switch (mode) {
            case "connect" -> new PeerCredentialsHandler();
            case "first-read" -> PeerCredentialsHandler.builder().firstRead().build();
            default -> EveryReadHandler.builder().plainBytes().build();
        };
    }

    private static final class Counter extends ChannelInboundHandlerAdapter {
        private int reads;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            reads++;
            ReferenceCountUtil.release(msg);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            System.out.println(reads + " reads");
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            System.out.println("closed");
        }
    }
}
