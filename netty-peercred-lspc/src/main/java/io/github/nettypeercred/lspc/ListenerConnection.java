// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.PeerProcess;
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
    private final Announced announced;

    /** What the capture came to, and a handle of the process, which stays open when who listens closes the connection. */
    private record Announced(PeerCredentialsResult listener, Answer<PeerProcess> process) {
        static Announced of(PeerCredentialsResult result) {
            if (!(result instanceof UnixPeerCredentials credentials)) {
                return new Announced(result, Answer.unknown(result.absence().orElseThrow()));
            }
            try {
                return new Announced(
                        result, Answer.known(credentials.process().orElseThrow().duplicate()));
            } catch (AbsentException e) {
                return new Announced(result, Answer.unknown(e.absence()));
            }
        }
    }

    private ListenerConnection(Connector connector, Channel channel, Announced announced) {
        this.connector = connector;
        this.channel = channel;
        this.announced = announced;
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
            CompletableFuture<Announced> announced = new CompletableFuture<>();
            Channel channel = connector.connect(
                    path,
                    EpollDomainSocketChannel.class,
                    () -> List.of(
                            PeerCredentialsHandler.builder()
                                    .groups()
                                    .label()
                                    .process()
                                    .build(),
                            new Announcement(announced)));
            return new ListenerConnection(connector, channel, announced.join());
        } catch (Failure | InterruptedException e) {
            connector.close();
            throw e;
        }
    }

    /** Returns who listens, or why that is not known. */
    PeerCredentialsResult listener() {
        return announced.listener;
    }

    /** Returns a handle of the process that listens, or why there is none. It is open until {@link #close()}. */
    Answer<PeerProcess> process() {
        return announced.process;
    }

    /** Closes the connection and the process handle. */
    @Override
    public void close() {
        announced.process.value().ifPresent(PeerProcess::close);
        channel.close().awaitUninterruptibly();
        connector.close();
    }

    /** Takes what the capture came to off the pipeline, and drops whatever the other side sends. */
    private static final class Announcement extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<Announced> announced;

        Announcement(CompletableFuture<Announced> announced) {
            this.announced = announced;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof PeerCredentialsEvent captured) {
                announced.complete(Announced.of(captured.result()));
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            announced.complete(
                    Announced.of(new Absence(AbsenceReason.CLOSED, "the connection was closed before the capture")));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
