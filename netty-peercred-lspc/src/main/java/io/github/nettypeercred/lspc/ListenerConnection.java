// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A connection to whoever serves a socket, made to learn who that is. Nothing is sent over it. */
final class ListenerConnection implements AutoCloseable {
    private final Connector connector;
    private final Channel channel;
    private final PeerCredentialsResult listener;

    private ListenerConnection(Connector connector, Channel channel, PeerCredentialsResult listener) {
        this.connector = connector;
        this.channel = channel;
        this.listener = listener;
    }

    /**
     * Connects.
     *
     * @throws NobodyListens if the socket is stale
     * @throws Failure if it cannot be connected to for another reason, such as a backlog that stays full
     */
    static ListenerConnection open(SocketPath path) throws Failure, InterruptedException {
        Connector connector = new Connector();
        try {
            CompletableFuture<PeerCredentialsResult> listener = new CompletableFuture<>();
            Channel channel = connector.connect(
                    path,
                    EpollDomainSocketChannel.class,
                    () -> List.of(
                            PeerCredentialsHandler.builder()
                                    .groups()
                                    .label()
                                    .process()
                                    .build(),
                            new Announcement(listener)));
            return new ListenerConnection(connector, channel, listener.join());
        } catch (Failure | InterruptedException e) {
            connector.close();
            throw e;
        }
    }

    /** Returns who listens, or why that is not known. */
    PeerCredentialsResult listener() {
        return listener;
    }

    /** Closes the connection, and with it the process handle. */
    @Override
    public void close() {
        channel.close().awaitUninterruptibly();
        connector.close();
    }

    /** Takes what the capture came to off the pipeline, and drops whatever the other side sends. */
    private static final class Announcement extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<PeerCredentialsResult> listener;

        Announcement(CompletableFuture<PeerCredentialsResult> listener) {
            this.listener = listener;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof PeerCredentialsEvent announced) {
                listener.complete(announced.result());
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            listener.complete(new Absence(AbsenceReason.CLOSED, "the connection was closed before the capture"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
