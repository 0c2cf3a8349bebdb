// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A server that connects to itself, sends one byte, and prints what it learns of its peer, one fact a line. */
final class SelfConnection {
    private SelfConnection() {}

    static void run(EventLoopGroup group, Class<? extends ServerChannel> server, Class<? extends Channel> client)
            throws Exception {
        Path folder = Files.createTempDirectory("peercred");
        DomainSocketAddress address =
                new DomainSocketAddress(folder.resolve("socket").toFile());
        CountDownLatch closed = new CountDownLatch(1);
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(server)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline().addLast(new PeerCredentialsHandler());
                        child.pipeline().addLast(new Report());
                        child.closeFuture().addListener(future -> closed.countDown());
                    }
                })
                .bind(address)
                .sync()
                .channel();
        Channel connection = new Bootstrap()
                .group(group)
                .channel(client)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(address)
                .sync()
                .channel();
        connection.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {1}));
        System.out.println("server closed=" + closed.await(10, TimeUnit.SECONDS));
        System.out.println("client closed=" + connection.closeFuture().await(10, TimeUnit.SECONDS));
        listener.close().sync();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        Files.deleteIfExists(folder.resolve("socket"));
        Files.delete(folder);
    }

    private static final class Report extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof PeerCredentialsEvent.Captured captured) {
                UnixPeerCredentials peer = captured.result();
                System.out.println("captured uid=" + peer.uid() + " gid=" + peer.gid() + " isMyself="
                        + (peer.pid().orElse(-1) == ProcessHandle.current().pid()) + " mechanism="
                        + peer.source().mechanism());
            } else if (event instanceof PeerCredentialsEvent.Refused refused) {
                System.out.println("refused " + refused.result());
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            System.out.println("active");
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            System.out.println("message");
            ReferenceCountUtil.release(message);
            ctx.close();
        }
    }
}
