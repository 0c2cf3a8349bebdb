// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
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
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.Version;
import java.util.concurrent.TimeUnit;

/**
 * A server with all that netty-peercred has for connect time: prints who connects, refuses on the accepting side whoever has
 * the uid of its second argument, and ends with its standard input. Runs on Netty 4.1 and 4.2.
 */
public final class EpollServer {
    private EpollServer() {}

    @SuppressWarnings("deprecation") // the group that Netty 4.1 has too
    public static void main(String[] args) throws Exception {
        long refusedUid = Long.parseLong(args[1]);
        System.out.println("netty=" + Version.identify().get("netty-transport").artifactVersion());
        EventLoopGroup group = new EpollEventLoopGroup(1);
        PeerCredentialsAcceptHandler gate = PeerCredentialsAcceptHandler.builder()
                .groups()
                .allowIf(peer -> peer.uid() != refusedUid)
                .build();
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(gate)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline()
                                .addLast(PeerCredentialsHandler.builder()
                                        .groups()
                                        .process()
                                        .build());
                        child.pipeline().addLast(new Report());
                    }
                })
                .bind(new DomainSocketAddress(args[0]))
                .sync()
                .channel();
        System.out.println("listening");
        while (System.in.read() >= 0) {
            // until the end
        }
        System.out.println("refused=" + gate.refusedCount());
        listener.close().sync();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private static final class Report extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            System.out.println(
                    event instanceof PeerCredentialsEvent.Captured captured
                            ? describe(captured.result())
                            : event.toString());
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {1})).addListener(ChannelFutureListener.CLOSE);
        }

        private static String describe(UnixPeerCredentials peer) {
            return "captured uid=" + peer.uid() + " gid=" + peer.gid() + " pid="
                    + peer.pid().orElse(-1) + " groups=" + peer.groups() + " alive="
                    + peer.process()
                            .value()
                            .map(process -> String.valueOf(process.isAlive()))
                            .orElse("unknown");
        }
    }
}
