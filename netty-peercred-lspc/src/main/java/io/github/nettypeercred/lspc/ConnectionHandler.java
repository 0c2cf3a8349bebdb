// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.process.ProcessFacts;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Queues who is on the other end, drops what comes from there, and closes when the other end does, but not before the
 * facts of its process are read: the process handle closes with the channel.
 */
final class ConnectionHandler extends ChannelInboundHandlerAdapter {
    private final long connection;
    private final HappeningQueue happenings;
    private final Executor readers;
    private CompletableFuture<Optional<ProcessFacts>> facts = CompletableFuture.completedFuture(Optional.empty());

    /** Makes a handler for one channel that reads facts on an executor which may block. */
    ConnectionHandler(long connection, HappeningQueue happenings, Executor readers) {
        this.connection = connection;
        this.happenings = happenings;
        this.readers = readers;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel()
                .closeFuture()
                .addListener(closed -> happenings.add(
                        new Happening.Closed(connection), ctx.channel().parent()));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof PeerCredentialsEvent announced) {
            announced
                    .result()
                    .credentials()
                    .flatMap(peer -> peer.process().value())
                    .ifPresent(this::read);
            happenings.add(
                    new Happening.Captured(connection, announced.result(), facts),
                    ctx.channel().parent());
        } else if (event instanceof ChannelInputShutdownEvent) {
            facts.whenComplete((read, failed) -> ctx.close());
        }
        ReferenceCountUtil.release(event);
    }

    private void read(PeerProcess process) {
        facts = process.facts(readers).thenApply(Optional::of);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
