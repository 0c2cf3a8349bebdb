// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * Lets a connection in, or closes it, before it has an event loop or a line of the application's code. Add it to the server channel, behind the handler that
 * captures there, and nothing to the pipelines of connections:
 *
 * <pre>{@code
 * PeerAuthorization authorization = PeerAuthorization.builder(file).decideAgain().atAccept().build();
 * bootstrap.handler(new ChannelInitializer<>() {
 *     protected void initChannel(Channel server) {
 *         server.pipeline().addLast(
 *                 PeerCredentialsAcceptHandler.builder().groups().admitAbsent().build(),
 *                 new PeerAuthorizationAcceptHandler(authorization));
 *     }
 * });
 * }</pre>
 *
 * <p>It stores {@link PeerAccess} on the connection, fires no event there, and leaves no handler. Those that it let in are decided about again as by a
 * {@link PeerAuthorizationHandler}: when the policy changes, if that was asked for, and when an access comes to its {@code max-age}. Who lost
 * access then is closed. A denied peer gets no farewell.
 *
 * <p>Let {@code admitAbsent()} of the capture have absent peers come this far: the policy denies all of them but those of whom a rule says {@code peer =
 * "unmapped"}, and tells it. A connection of which nothing was captured is closed.
 *
 * <p>Sharable: it keeps nothing of a connection. It runs on the server channel's event loop and never throws.
 */
@Sharable
public final class PeerAuthorizationAcceptHandler extends ChannelInboundHandlerAdapter {
    /** Of a question to an authorizer, of which there is none here. */
    private static final Duration NO_DEADLINE = Duration.ofSeconds(10);

    private final PeerAuthorization authorization;

    /**
     * Makes a handler.
     *
     * @param authorization what decides, built with {@link PeerAuthorization.Builder#atAccept()}
     * @throws IllegalArgumentException if it was built without
     */
    public PeerAuthorizationAcceptHandler(PeerAuthorization authorization) {
        if (!authorization.isAtAccept()) {
            throw new IllegalArgumentException("built without atAccept(): a rule may want what is not known at accept");
        }
        this.authorization = Objects.requireNonNull(authorization, "authorization");
    }

    /** Closes an accepted connection that it was added to by mistake: there it would let everybody in. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (isMisplaced(ctx)) {
            // Later, since a channel that is closed while it is being registered may stay open.
            ctx.executor().execute(() -> {
                ctx.fireExceptionCaught(new IllegalStateException(
                        "PeerAuthorizationAcceptHandler was added to an accepted connection: it"
                                + " belongs in ServerBootstrap.handler(..), and PeerAuthorizationHandler here"));
                ctx.close();
            });
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (isMisplaced(ctx)) {
            ReferenceCountUtil.release(msg);
        } else if (!(msg instanceof Channel child) || letsIn(child)) {
            ctx.fireChannelRead(msg);
        } else {
            child.unsafe().closeForcibly();
        }
    }

    private static boolean isMisplaced(ChannelHandlerContext ctx) {
        return ctx.channel().parent() instanceof ServerChannel;
    }

    private boolean letsIn(Channel child) {
        try {
            PeerAuthorization.State now = authorization.state();
            PeerEvidence captured = Evidence.of(child);
            PeerEvidence evidence = captured == null ? PeerEvidence.of(notCaptured(child)) : captured;
            PeerAccess access = captured == null ? denied(evidence) : authorization.decideAtAccept(evidence, now);
            PeerAccess.store(child, access);
            authorization.audit().decided("accept", child, evidence, access, now);
            if (access.letsIn()) {
                keep(child, evidence, access);
                return true;
            }
        } catch (Throwable e) { // what escapes would stop the acceptor for a second
            Log.warn("denied at accept, because the decision threw", e);
        }
        return false;
    }

    private static PeerCredentialsResult notCaptured(Channel child) {
        PeerCredentialsResult result = UnixPeerCredentials.of(child);
        return result.absence()
                        .filter(why -> why.reason() != AbsenceReason.NOT_CAPTURED)
                        .isPresent()
                ? result
                : new Absence(
                        AbsenceReason.NOT_CAPTURED,
                        "there is no capture in front: put a PeerCredentialsAcceptHandler there");
    }

    /** A denial that shadow mode enforces too. */
    private PeerAccess denied(PeerEvidence evidence) {
        Optional<Absence> absence = evidence.connection() instanceof Absence why ? Optional.of(why) : Optional.empty();
        return new PeerAccess(new Deny(Reason.ABSENT, Optional.empty(), absence), authorization.generation(), true);
    }

    private void keep(Channel child, PeerEvidence evidence, PeerAccess access) {
        PeerPolicy policy = authorization.state().policy();
        boolean hasAge = policy != null && policy.maxAge(access.decision()) != null;
        if (hasAge || authorization.keepsOpenConnections()) {
            child.pipeline().addLast(new Keeper(authorization, evidence, access));
        }
    }

    /** Takes a connection up once it has an event loop, before any other handler is added there, and leaves. One that never gets so far is not taken up. */
    private static final class Keeper extends ChannelInboundHandlerAdapter {
        private final PeerAuthorization authorization;
        private final PeerEvidence evidence;
        private final PeerAccess access;

        Keeper(PeerAuthorization authorization, PeerEvidence evidence, PeerAccess access) {
            this.authorization = authorization;
            this.evidence = evidence;
            this.access = access;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            try {
                authorization
                        .open()
                        .add(ctx.channel(), evidence, access, false, new FreshGroups(), NO_DEADLINE, told -> {});
            } catch (Throwable e) { // Netty would remove the thrower, and leave the connection open for good
                Log.warn("closed, because it cannot be decided about again", e);
                ctx.close();
            }
            ctx.pipeline().remove(this);
        }
    }
}
