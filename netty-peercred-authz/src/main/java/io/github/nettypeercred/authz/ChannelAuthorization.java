// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.HeldEvents.Kind;
import io.github.nettypeercred.authz.PeerAccessEvent.Allowed;
import io.github.nettypeercred.authz.PeerAccessEvent.Changed;
import io.github.nettypeercred.authz.PeerAccessEvent.Denied;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** When it is decided about a channel's peer, on what, and what follows. For the channel's event loop alone. */
final class ChannelAuthorization {
    private final PeerAuthorization authorization;
    private final Duration deadline;
    private final Farewell farewell;
    private final boolean ofServer;
    private final Gate gate;
    private final FreshGroups groups = new FreshGroups();

    private boolean begun;
    private boolean ended;
    /** Whether who sends is captured besides who connected, and not known yet. */
    private boolean awaitsSender;
    /** Whether the peer's certificate is captured, and not known yet. */
    private boolean awaitsCertificate;
    /** Whether each message is decided about. */
    private boolean everyMessage;

    private boolean datagrams;
    private boolean farewellTo = true;

    private @Nullable Question question;
    private @Nullable PeerAccess access;
    private OpenConnections.@Nullable Connection connection;
    private @Nullable MessageDecisions messages;

    /** The last message that was let in: who sent it, and what was decided. */
    private @Nullable PeerCredentialsResult keptSender;

    private @Nullable PeerAccess keptAccess;

    ChannelAuthorization(
            PeerAuthorization authorization, Duration deadline, Farewell farewell, boolean ofServer, int queuedBytes) {
        this.authorization = authorization;
        this.deadline = deadline;
        this.farewell = farewell;
        this.ofServer = ofServer;
        this.gate = new Gate(authorization.counters(), queuedBytes, this::pass);
    }

    Gate gate() {
        return gate;
    }

    /** Begins on a channel whose messages are datagrams: each is decided about by itself. */
    void beginWithDatagrams(ChannelHandlerContext ctx) {
        begun = true;
        datagrams = true;
        everyMessage = true;
        gate.open(ctx);
    }

    /** Decides if what is to be decided on is there. */
    void begin(ChannelHandlerContext ctx) {
        if (begun || gate.isDenied()) {
            return;
        }
        begun = true;
        if (ctx.executor() != ctx.channel().eventLoop()) {
            denyAbsent(
                    ctx,
                    AbsenceReason.FOREIGN_EXECUTOR,
                    "PeerAuthorizationHandler decides on the channel's event loop: add it without an executor");
            return;
        }
        Captures captures = Captures.of(ctx.pipeline());
        if (captures.order() && Captures.standBehind(ctx)) {
            denyAbsent(
                    ctx,
                    AbsenceReason.NOT_CAPTURED,
                    "the capture stands behind: add PeerAuthorizationHandler behind it");
            return;
        }
        everyMessage = captures.everyRead();
        awaitsSender = captures.ofSender() && !Evidence.hasSender(ctx.channel());
        awaitsCertificate = captures.certificate() && Evidence.certificate(ctx.channel()) == null;
        proceed(ctx);
    }

    private void proceed(ChannelHandlerContext ctx) {
        if (awaitsCertificate) {
            return; // the end of the handshake brings it
        }
        Channel channel = ctx.channel();
        PeerEvidence evidence = Evidence.of(channel);
        if (evidence != null && !(awaitsSender && authorization.needsSender())) {
            ask(ctx, evidence);
        } else if (!awaitsSender) {
            conclude(ctx, PeerEvidence.of(notCaptured(ctx)), absent(notCaptured(ctx)), true);
        } // else the first read brings it
    }

    private static Absence notCaptured(ChannelHandlerContext ctx) {
        Absence absence = UnixPeerCredentials.of(ctx.channel()).absence().orElse(null);
        return absence != null && absence.reason() != AbsenceReason.NOT_CAPTURED
                ? absence
                : new Absence(
                        AbsenceReason.NOT_CAPTURED,
                        "there is no capture in front: add a PeerCredentialsHandler"
                                + (ctx.channel().remoteAddress() instanceof InetSocketAddress
                                        ? "; or, for TLS over TCP, a TlsCertificateHandler"
                                        : ""));
    }

    private void ask(ChannelHandlerContext ctx, PeerEvidence evidence) {
        PeerAccess now = misplaced(evidence) ? notOfServer() : authorization.decideNow(evidence);
        if (now != null) {
            conclude(ctx, evidence, now, true);
            return;
        }
        gate.ask();
        put(ctx, evidence, answer -> {
            conclude(ctx, evidence, answer, true);
            leave(ctx);
        });
    }

    /** Puts a question; its answer comes once, now or later, unless it is withdrawn. */
    private void put(ChannelHandlerContext ctx, PeerEvidence evidence, Consumer<PeerAccess> receiver) {
        withdraw();
        Question put = new Question(authorization, evidence, groups, ctx.channel(), answer -> {
            question = null;
            if (!ctx.isRemoved() && !gate.isDenied()) {
                receiver.accept(answer);
            }
        });
        question = put;
        put.ask(deadline);
    }

    private void withdraw() {
        if (question != null) {
            question.cancel();
            question = null;
        }
    }

    /** Whether a client's handler stands in a server. */
    private boolean misplaced(PeerEvidence evidence) {
        return ofServer
                && evidence.connection() instanceof UnixPeerCredentials peer
                && peer.source().moment() == Moment.CONNECT;
    }

    private PeerAccess notOfServer() {
        return absent(new Absence(
                AbsenceReason.NOT_CAPTURED, "requireServer(..) is for clients: this channel was accepted by a server"));
    }

    /** A denial that shadow mode enforces too. */
    private PeerAccess absent(Absence absence) {
        return new PeerAccess(
                new Deny(Reason.ABSENT, Optional.empty(), Optional.of(absence)), authorization.generation(), true);
    }

    private void denyAbsent(ChannelHandlerContext ctx, AbsenceReason reason, String message) {
        Absence absence = new Absence(reason, message);
        conclude(ctx, PeerEvidence.of(absence), absent(absence), true);
    }

    private void conclude(ChannelHandlerContext ctx, PeerEvidence evidence, PeerAccess now, boolean ofConnection) {
        if (gate.isDenied() || ctx.isRemoved()) {
            return;
        }
        if (ofConnection) {
            PeerAccess.store(ctx.channel(), now);
        }
        authorization.audit().decided("decided", ctx.channel(), evidence, now, authorization.state());
        if (now.letsIn()) {
            open(ctx, now, ofConnection ? evidence : null);
        } else {
            deny(ctx, now);
        }
    }

    /** Opens the gate; of what was decided about one message alone nothing is stored, since the next may be another's. */
    private void open(ChannelHandlerContext ctx, PeerAccess now, @Nullable PeerEvidence ofConnection) {
        boolean first = !gate.wasOpen();
        PeerAccess before = access;
        access = now;
        if (ofConnection != null) {
            keep(ctx, now, ofConnection);
        }
        gate.open(ctx);
        if (first) {
            ctx.fireUserEventTriggered(new Allowed(now));
        } else if (before != null && !before.decision().equals(now.decision())) {
            ctx.fireUserEventTriggered(new Changed(now));
        }
        gate.play(ctx);
    }

    private void keep(ChannelHandlerContext ctx, PeerAccess now, PeerEvidence evidence) {
        if (connection == null) {
            connection = add(ctx, now, evidence, false);
        } else {
            connection.renew(evidence, now);
        }
    }

    private OpenConnections.@Nullable Connection add(
            ChannelHandlerContext ctx, PeerAccess now, PeerEvidence evidence, boolean ofMessage) {
        return authorization
                .open()
                .add(ctx.channel(), evidence, now, ofMessage, groups, deadline, event -> changed(ctx, event));
    }

    /** Has a connection decided about again on the last message that was let in, if it was let in on one. */
    @SuppressWarnings("ReferenceEquality") // what was decided about the same sender is the same object
    private void keepMessage(ChannelHandlerContext ctx, PeerAccess now, PeerCredentialsResult sender) {
        if (datagrams || (sender == keptSender && now == keptAccess)) {
            return;
        }
        keptSender = sender;
        keptAccess = now;
        PeerEvidence evidence = messages(ctx).evidence(sender);
        if (connection == null) {
            connection = add(ctx, now, evidence, true);
        } else {
            connection.message(evidence, now);
        }
    }

    /** Takes note that it was decided again, past what is held, and also when the handler has left. */
    private void changed(ChannelHandlerContext ctx, PeerAccessEvent event) {
        if (ctx.isRemoved()) {
            ctx.pipeline().fireUserEventTriggered(event);
            return;
        }
        access = event.access();
        if (event instanceof PeerAccessEvent.Revoked) {
            withdraw();
            gate.deny(event.access().decision());
        }
        ctx.fireUserEventTriggered(event);
    }

    private void deny(ChannelHandlerContext ctx, PeerAccess now) {
        access = now;
        withdraw();
        gate.deny(now.decision());
        try {
            ctx.fireUserEventTriggered(new Denied(now));
        } finally { // the next handler's executor may be shut down, and then the event throws
            Log.debug("{}: closing {}", now, ctx.channel());
            if (datagrams || !farewellTo) {
                ctx.close();
            } else {
                farewell.sayAndClose(ctx, (Deny) now.decision());
            }
        }
    }

    /** Takes the handler out of the pipeline if there is nothing left to decide. */
    void leave(ChannelHandlerContext ctx) {
        if (gate.isIdle() && !everyMessage && !awaitsSender && !ended && !ctx.isRemoved()) {
            ended = true;
            ctx.pipeline().remove(ctx.handler());
        }
    }

    /** The handler is not in the pipeline any more: has left, or was taken out or went with the channel. */
    void removed(ChannelHandlerContext ctx) {
        withdraw();
        if (ended || gate.isDenied()) {
            return;
        }
        ended = true;
        gate.deny(PeerAccess.NONE.decision());
        if (ctx.channel().isOpen()) {
            Log.debug("{}: closing {}", "the handler was removed while it had to decide", ctx.channel());
            ctx.close();
        }
    }

    void inactive(ChannelHandlerContext ctx) {
        withdraw();
        gate.end(ctx);
    }

    /** Takes what came in, but a message. */
    void take(ChannelHandlerContext ctx, Kind kind, @Nullable Object what) {
        gate.take(ctx, kind, what);
        leave(ctx);
    }

    /** Takes a message that came in. */
    void read(ChannelHandlerContext ctx, Object msg) {
        begin(ctx);
        if (awaitsCertificate && !gate.isDenied()) {
            denyAbsent(ctx, AbsenceReason.RACED, "a message came before the peer's certificate");
        }
        if (awaitsSender && !gate.isDenied()) {
            awaitsSender = false;
            decideOnFirst(ctx, msg);
        }
        if (!gate.take(ctx, Kind.READ, msg)) {
            if (datagrams) {
                authorization.audit().dropped(ctx.channel());
            } else {
                denyAbsent(ctx, AbsenceReason.FAILED, "too much came in before it was decided");
            }
        }
        leave(ctx);
    }

    /** The first message is there, and nothing was said of its sender but, perhaps, by itself. */
    private void decideOnFirst(ChannelHandlerContext ctx, Object msg) {
        everyMessage |= MessageDecisions.isEnvelope(msg);
        if (!everyMessage) {
            if (!gate.isAsking()) {
                proceed(ctx); // the capture of the first read is gone, and with it its word
            }
        } else if (!gate.isOpen() && !gate.isAsking()) {
            PeerCredentialsResult sender = MessageDecisions.senderOf(ctx.channel(), msg);
            PeerAccess known = isNotCaptured(sender) ? null : messages(ctx).known(ctx.channel(), msg, sender);
            if (known != null) {
                admit(ctx, known, sender);
            } else if (isNotCaptured(sender)) {
                denyNotCaptured(ctx, (Absence) sender);
            } else {
                gate.ask();
                askAbout(ctx, msg, sender, answer -> admit(ctx, answer, sender));
            }
        }
    }

    private void admit(ChannelHandlerContext ctx, PeerAccess now, PeerCredentialsResult sender) {
        if (now.letsIn()) {
            keepMessage(ctx, now, sender);
            open(ctx, now, null);
        } else {
            deny(ctx, now);
        }
    }

    /** Takes what a capture in front tells, before the event goes on. */
    void captured(ChannelHandlerContext ctx, PeerCredentialsEvent event) {
        if (datagrams) {
            return;
        }
        if (event instanceof PeerCredentialsEvent.Refused refused) {
            if (!gate.isOpen() && !gate.isDenied()) {
                ctx.fireUserEventTriggered(refused); // what is held is dropped
                conclude(ctx, PeerEvidence.of(refused.result()), absent(refused.result()), true);
            }
        } else if (!begun) {
            if (ctx.channel().isActive()) {
                begin(ctx);
            }
        } else if (awaitsSender && !gate.isDenied() && Evidence.hasSender(ctx.channel())) {
            awaitsSender = false;
            withdraw(); // there is more to decide on by now
            proceed(ctx);
        }
    }

    /** Takes what a capture of certificates in front tells, before the event goes on. */
    void certified(ChannelHandlerContext ctx, PeerCertificateEvent event) {
        if (datagrams || gate.isDenied()) {
            return;
        }
        if (event instanceof PeerCertificateEvent.Refused refused) {
            refuse(ctx, refused.result());
        } else if (!begun) {
            if (ctx.channel().isActive()) {
                begin(ctx);
            }
        } else if (everyMessage && !awaitsCertificate) {
            denyAbsent(ctx, AbsenceReason.RACED, "the peer's certificate came when it had been decided without it");
        } else {
            awaitsCertificate = false;
            withdraw(); // there is more to decide on by now
            proceed(ctx);
        }
    }

    /** The handshake has failed: there is nothing to decide, and nobody to bid farewell. */
    private void refuse(ChannelHandlerContext ctx, CertificateAbsence why) {
        begun = true;
        farewellTo = false;
        Channel channel = ctx.channel();
        PeerEvidence captured = Evidence.of(channel);
        Deny denial = new Deny(Reason.of(why.reason()), Optional.empty(), Optional.empty());
        conclude(
                ctx,
                captured == null ? PeerEvidence.ofRemote(why) : captured,
                new PeerAccess(denial, authorization.generation(), true),
                true);
    }

    /** Passes a message through the open gate. */
    private void pass(ChannelHandlerContext ctx, Object msg) {
        everyMessage |= MessageDecisions.isEnvelope(msg);
        if (!everyMessage) {
            ctx.fireChannelRead(msg);
            return;
        }
        PeerCredentialsResult sender = MessageDecisions.senderOf(ctx.channel(), msg);
        if (isNotCaptured(sender)) { // somebody in front delivers what nobody looked at
            HeldEvents.discard(Kind.READ, msg);
            denyNotCaptured(ctx, (Absence) sender);
            return;
        }
        PeerAccess known = messages(ctx).known(ctx.channel(), msg, sender);
        if (known != null) {
            deliver(ctx, msg, known, sender);
        } else {
            gate.ask(ctx, msg);
            askAbout(ctx, msg, sender, answer -> {
                gate.open(ctx);
                gate.play(ctx); // this message first
            });
        }
    }

    private static boolean isNotCaptured(PeerCredentialsResult sender) {
        return sender instanceof Absence absence && absence.reason() == AbsenceReason.NOT_CAPTURED;
    }

    private void denyNotCaptured(ChannelHandlerContext ctx, Absence absence) {
        conclude(ctx, PeerEvidence.of(absence), absent(absence), false);
    }

    private MessageDecisions messages(ChannelHandlerContext ctx) {
        MessageDecisions decisions = messages;
        if (decisions == null) {
            decisions = new MessageDecisions(authorization, ctx.channel(), groups);
            messages = decisions;
        }
        return decisions;
    }

    private void askAbout(
            ChannelHandlerContext ctx, Object msg, PeerCredentialsResult sender, Consumer<PeerAccess> receiver) {
        MessageDecisions decisions = messages(ctx);
        put(ctx, decisions.evidence(sender), answer -> {
            decisions.answered(ctx.channel(), msg, sender, answer);
            receiver.accept(answer);
            leave(ctx);
        });
    }

    private void deliver(ChannelHandlerContext ctx, Object msg, PeerAccess of, PeerCredentialsResult sender) {
        if (of.letsIn()) {
            keepMessage(ctx, of, sender);
            ctx.fireChannelRead(MessageDecisions.isEnvelope(msg) ? new AuthorizedMessage(msg, of) : msg);
            return;
        }
        HeldEvents.discard(Kind.READ, msg);
        if (datagrams) {
            authorization.audit().dropped(ctx.channel());
        } else {
            deny(ctx, of);
        }
    }
}
