// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AttestedBytes;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerEvidence;
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
    private final Mode mode;
    private final HappeningQueue happenings;
    private final Executor readers;
    private CompletableFuture<Optional<ProcessFacts>> facts = CompletableFuture.completedFuture(Optional.empty());

    /** Whether anything of who is on the other end was reported. */
    private boolean heard;

    /** Makes a handler for one channel that reads facts on an executor which may block. */
    ConnectionHandler(long connection, Mode mode, HappeningQueue happenings, Executor readers) {
        this.connection = connection;
        this.mode = mode;
        this.happenings = happenings;
        this.readers = readers;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel().closeFuture().addListener(closed -> {
            if (!heard) {
                report(ctx, new Absence(AbsenceReason.NO_DATA, "the stream ended before its first byte"));
            }
            happenings.add(new Happening.Closed(connection), ctx.channel().parent());
        });
    }

    private void report(ChannelHandlerContext ctx, PeerCredentialsResult result) {
        heard = true;
        happenings.add(
                new Happening.Captured(connection, evidence(ctx, result), facts),
                ctx.channel().parent());
    }

    /** With who connected beside who sent, which is unknown unless it was captured. */
    private PeerEvidence evidence(ChannelHandlerContext ctx, PeerCredentialsResult result) {
        return mode == Mode.CONNECT
                ? PeerEvidence.of(result)
                : PeerEvidence.of(UnixPeerCredentials.of(ctx.channel(), Moment.CONNECT), result);
    }

    /** Whether this is what was asked for, and not who connected, which a policy wants to know besides. */
    private boolean isAskedFor(PeerCredentialsResult result) {
        return mode == Mode.CONNECT
                || !(result instanceof UnixPeerCredentials credentials)
                || credentials.source().moment() != Moment.CONNECT;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof PeerCredentialsEvent announced && isAskedFor(announced.result())) {
            announced
                    .result()
                    .credentials()
                    .flatMap(peer -> peer.process().value())
                    .ifPresent(this::read);
            report(ctx, announced.result());
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
        if (message instanceof AttestedBytes read) {
            heard = true;
            happenings.add(
                    new Happening.Data(connection, read.content().readableBytes(), evidence(ctx, read.credentials())),
                    ctx.channel());
        }
        ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
