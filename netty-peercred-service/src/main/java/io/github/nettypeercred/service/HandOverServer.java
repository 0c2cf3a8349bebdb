// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.UnixChannel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The predecessor's side of a hand-over, see {@link HandOverClient}. All of it runs on the event loop of the server channel. */
final class HandOverServer {
    private static final long PATIENCE_SECONDS = 10;

    private final Channel server;
    private final HeldSocket held;
    private final Runnable handedOver;
    private final Channel control;
    private @Nullable Channel successor;
    private boolean given;

    private HandOverServer(Channel server, HeldSocket held, int control, Runnable handedOver) {
        this.server = server;
        this.held = held;
        this.handedOver = handedOver;
        this.control = new ServerBootstrap()
                .group(server.eventLoop())
                .channelFactory(() -> new EpollServerDomainSocketChannel(control, true))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new PeerCredentialsHandler(), new Successor());
                    }
                })
                .register()
                .channel();
    }

    /**
     * Offers the hand-over from now on, on the server channel's event loop.
     *
     * @param control the descriptor at which a successor asks, which the returned object owns
     * @param handedOver is run once the server channel is closed since another process serves
     */
    static HandOverServer offer(Channel server, HeldSocket held, int control, Runnable handedOver) {
        return new HandOverServer(server, held, control, handedOver);
    }

    /** Ends the offer, and a hand-over that has not come to its end. */
    void close() {
        control.close();
        Channel asking = successor;
        if (asking != null) {
            asking.close();
        }
    }

    private final class Successor extends SimpleChannelInboundHandler<ByteBuf> {
        private boolean acceptsWhenResumed;

        @Override
        public void channelActive(ChannelHandlerContext ctx) throws ErrnoException {
            long uid = UnixPeerCredentials.of(ctx.channel()).orElseThrow().uid();
            if ((uid != 0 && uid != ServiceCalls.ownUid()) || successor != null || given || !server.isActive()) {
                ctx.close();
                return;
            }
            successor = ctx.channel();
            acceptsWhenResumed = server.config().isAutoRead();
            server.config().setAutoRead(false);
            ServiceCalls.send(fd(ctx.channel()), HandOverClient.DESCRIPTORS, fd(server), held.fd());
            ctx.executor().schedule(() -> ctx.close(), PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) throws ErrnoException {
            if (successor != ctx.channel() || given || bytes.readByte() != HandOverClient.READY) {
                ctx.close();
                return;
            }
            // Fails if the successor has gone, or has waited for too long: then it never serves.
            ServiceCalls.send(fd(ctx.channel()), HandOverClient.GO, -1, -1);
            given = true;
            control.close();
            server.close().addListener(closed -> handedOver.run());
            ctx.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (successor == ctx.channel()) {
                successor = null;
                if (!given) {
                    server.config().setAutoRead(acceptsWhenResumed);
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }

        private static int fd(Channel channel) {
            return ((UnixChannel) channel).fd().intValue();
        }
    }
}
