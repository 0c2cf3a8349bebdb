// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.HeldEvents.Kind;
import io.github.nettypeercred.authz.PeerAccessEvent.Allowed;
import io.github.nettypeercred.authz.PeerAccessEvent.Changed;
import io.github.nettypeercred.authz.PeerAccessEvent.Denied;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.spi.AttestingDatagramChannel;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Lets a peer in, or closes the channel. Add it behind the handler that captures who the peer is:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new PeerCredentialsHandler());
 * channel.pipeline().addLast(new PeerAuthorizationHandler(authorization));
 * channel.pipeline().addLast(new MyIpcHandler()); // asks PeerAccess.of(ctx.channel())
 * }</pre>
 *
 * <p>Until it is decided, {@code channelActive}, events and messages are held, and writes fail with {@link PeerUnauthorizedException}, from
 * whatever thread they come, or wait if {@link Builder#queueWrites} says so: nothing greets a peer that is then denied. Then it stores {@link PeerAccess}, fires one
 * {@link PeerAccessEvent}, passes on what was held, and leaves the pipeline.
 *
 * <p><strong>On what it decides.</strong> On who connected; where the capture is of the first read alone, or a rule demands it, on the first read; where both are
 * captured, again on both. Behind an {@link EveryReadHandler} or an {@code AttestedDecoder} it stays, decides about each envelope, and
 * delivers it as {@link AuthorizedMessage}, which has what its sender may do; a denied one closes the channel. On a channel of
 * datagrams it does the same, and drops those of a denied sender.
 *
 * <p><strong>A denied peer</strong> gets the {@linkplain Builder#farewell farewell}, if there is one, and the channel closes. So it does where no
 * capture is in front, on another executor than the event loop, and when this handler is removed before it has decided.
 *
 * <p>A client that closes before a decision that takes its time is not served, also where it would have been allowed.
 *
 * <p>Not sharable: an instance belongs to one channel.
 */
public final class PeerAuthorizationHandler extends ChannelDuplexHandler {
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    private static final Duration FAREWELL_DEADLINE = Duration.ofSeconds(5);
    private static final int MOST_HELD = 4096;
    private static final int SERVER_QUEUE = 1 << 20;

    private enum State {
        /** The channel was not active so far. */
        NEW,
        /** Who sends is to be known first. */
        WAITING,
        /** It is being decided. */
        ASKING,
        /** The peer is in. */
        OPEN,
        /** Nothing passes any more. */
        DENIED
    }

    private final PeerAuthorization authorization;
    private final Duration deadline;
    private final @Nullable Function<? super Deny, ? extends @Nullable ByteBuf> farewell;
    private final Duration farewellDeadline;
    private final boolean ofServer;
    private final QueuedWrites writes;
    private final HeldEvents held = new HeldEvents(MOST_HELD);

    private State state = State.NEW;
    private boolean opened;
    private boolean left;
    private boolean playing;
    private boolean readHeld;
    /** Whether who sends is captured besides who connected, and not known yet. */
    private boolean awaitsSender;
    /** Whether each message has a sender of its own. */
    private boolean everyMessage;

    private boolean datagrams;
    /** Whether the handlers behind have not heard of an activity whose end they must then not hear of either. */
    private boolean keptActive;

    private @Nullable Question question;
    private @Nullable PeerAccess access;
    private OpenConnections.@Nullable Connection connection;
    private @Nullable MessageDecisions messages;

    /**
     * Makes a handler that decides by what may be replaced, told and counted.
     *
     * @param authorization what decides, one for a server
     */
    public PeerAuthorizationHandler(PeerAuthorization authorization) {
        this(builder(authorization));
    }

    /**
     * Makes a handler that decides by a policy, and no more.
     *
     * @param policy the policy
     */
    public PeerAuthorizationHandler(PeerPolicy policy) {
        this(builder(PeerAuthorization.of(policy)));
    }

    private PeerAuthorizationHandler(Builder builder) {
        authorization = builder.authorization;
        deadline = builder.deadline;
        farewell = builder.farewell;
        farewellDeadline = builder.farewellDeadline;
        ofServer = builder.ofServer;
        writes = new QueuedWrites(builder.queuedBytes);
    }

    /**
     * Returns a builder, for handlers that do more than the default.
     *
     * @param authorization what decides
     * @return a new builder
     */
    public static Builder builder(PeerAuthorization authorization) {
        return new Builder(authorization);
    }

    /**
     * Makes a handler for a client, behind its {@link PeerCredentialsHandler}: no byte goes out before the server is accepted, as by libpq's {@code
     * requirepeer}. What is written before waits, up to 1 MiB, and fails with {@link PeerUnauthorizedException} if the server is denied.
     *
     * <p>Who serves is whoever called listen(2) last: with socket activation that is the activator.
     *
     * @param policy who may serve
     * @return a new handler
     */
    public static PeerAuthorizationHandler requireServer(PeerPolicy policy) {
        Builder builder = builder(PeerAuthorization.of(policy)).queueWrites(SERVER_QUEUE);
        builder.ofServer = true;
        return builder.build();
    }

    /** Builds handlers with options. One builder may be kept and {@link #build()} called for every channel, from any thread. */
    public static final class Builder {
        private final PeerAuthorization authorization;
        private Duration deadline = DEADLINE;
        private @Nullable Function<? super Deny, ? extends @Nullable ByteBuf> farewell;
        private Duration farewellDeadline = FAREWELL_DEADLINE;
        private int queuedBytes;
        private boolean ofServer;

        private Builder(PeerAuthorization authorization) {
            this.authorization = Objects.requireNonNull(authorization, "authorization");
        }

        /**
         * Denies if a decision takes longer: of an authorizer, or of the look-up of a process. 10 seconds unless called.
         *
         * @param newDeadline more than zero
         * @return this builder
         */
        public Builder deadline(Duration newDeadline) {
            deadline = positive(newDeadline);
            return this;
        }

        /**
         * Sends some last bytes to a peer that is denied, an error in the words of the protocol, before the channel closes. They pass the
         * handlers in front of this one alone. The peer reads them also if its request was never read. Not on datagrams.
         *
         * @param bytes makes the bytes, each time anew, on the event loop; null for none
         * @return this builder
         */
        public Builder farewell(Function<? super Deny, ? extends @Nullable ByteBuf> bytes) {
            farewell = Objects.requireNonNull(bytes, "bytes");
            return this;
        }

        /**
         * Closes the channel of a denied peer that does not take its farewell for so long. 5 seconds unless called.
         *
         * @param newDeadline more than zero
         * @return this builder
         */
        public Builder farewellDeadline(Duration newDeadline) {
            farewellDeadline = positive(newDeadline);
            return this;
        }

        /**
         * Has writes wait for the decision, in place of failing: they follow if the peer is let in, and fail if not. Those past the
         * bound fail at once.
         *
         * @param bytes how many bytes may wait, as the channel's {@code MessageSizeEstimator} sees them, 1 or more
         * @return this builder
         */
        public Builder queueWrites(int bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException("bytes: " + bytes);
            }
            queuedBytes = bytes;
            return this;
        }

        /**
         * Makes a handler for one channel.
         *
         * @return a new handler
         */
        public PeerAuthorizationHandler build() {
            return new PeerAuthorizationHandler(this);
        }

        private static Duration positive(Duration time) {
            if (time.isNegative() || time.isZero() || time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0) {
                throw new IllegalArgumentException("deadline: " + time);
            }
            return time;
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        datagrams = ctx.channel() instanceof DomainDatagramChannel || ctx.channel() instanceof AttestingDatagramChannel;
        if (datagrams && ctx.executor() == ctx.channel().eventLoop()) {
            everyMessage = true;
            state = State.OPEN;
        } else if (ctx.channel().isActive()) {
            beginLater(ctx); // the handlers behind may not be there yet
        }
    }

    private void beginLater(ChannelHandlerContext ctx) {
        try {
            ctx.channel().eventLoop().execute(() -> {
                if (!ctx.channel().eventLoop().inEventLoop()) {
                    beginLater(ctx); // registered with another event loop since
                } else if (state == State.NEW && !ctx.isRemoved()) {
                    begin(ctx);
                    leave(ctx);
                }
            });
        } catch (RejectedExecutionException e) {
            Log.debug("the event loop is shut down: nothing passes", e);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (question != null) {
            question.cancel();
            question = null;
        }
        held.release();
        if (left || state == State.DENIED) {
            writes.fail(authorization.counters(), denial());
            return;
        }
        state = State.DENIED;
        writes.fail(authorization.counters(), denial());
        if (ctx.channel().isOpen()) {
            Log.debug("{}: closing {}", "the handler was removed before it had decided", ctx.channel());
            ctx.close();
        }
    }

    /** Decides if what is to be decided on is there. */
    private void begin(ChannelHandlerContext ctx) {
        Channel channel = ctx.channel();
        if (ctx.executor() != channel.eventLoop()) {
            denyAbsent(
                    ctx,
                    new Absence(
                            AbsenceReason.FOREIGN_EXECUTOR,
                            "PeerAuthorizationHandler decides on the channel's event loop: add it without an executor"));
            return;
        }
        PeerCredentialsHandler capture = ctx.pipeline().get(PeerCredentialsHandler.class);
        everyMessage = ctx.pipeline().get(EveryReadHandler.class) != null;
        awaitsSender =
                (everyMessage || (capture != null && capture.capturesFirstRead())) && !Evidence.hasSender(channel);
        proceed(ctx);
    }

    private void proceed(ChannelHandlerContext ctx) {
        Channel channel = ctx.channel();
        PeerEvidence evidence = Evidence.of(channel);
        if (evidence != null && !(awaitsSender && authorization.needsSender())) {
            ask(ctx, evidence, true);
        } else if (awaitsSender) {
            state = State.WAITING;
        } else {
            denyAbsent(
                    ctx,
                    UnixPeerCredentials.of(channel)
                            .absence()
                            .orElseGet(() -> new Absence(AbsenceReason.NOT_CAPTURED, "there is no capture in front")));
        }
    }

    private void ask(ChannelHandlerContext ctx, PeerEvidence evidence, boolean store) {
        PeerAccess now = misplaced(evidence) ? notOfServer() : authorization.decideNow(evidence);
        if (now != null) {
            conclude(ctx, evidence, now, store);
            return;
        }
        state = State.ASKING;
        Question asked = new Question(authorization, evidence, ctx.executor(), answer -> {
            question = null;
            conclude(ctx, evidence, answer, store);
            leave(ctx);
        });
        question = asked;
        asked.ask(deadline);
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

    private PeerAccess absent(Absence absence) {
        return new PeerAccess(
                new Deny(Reason.ABSENT, Optional.empty(), Optional.of(absence)), authorization.generation(), true);
    }

    private void denyAbsent(ChannelHandlerContext ctx, Absence absence) {
        conclude(ctx, PeerEvidence.of(absence), absent(absence), true);
    }

    private void conclude(ChannelHandlerContext ctx, PeerEvidence evidence, PeerAccess now, boolean store) {
        if (state == State.DENIED || ctx.isRemoved()) {
            return;
        }
        if (store) {
            PeerAccess.store(ctx.channel(), now);
        }
        authorization.report("decided", ctx.channel(), evidence, now);
        if (now.letsIn()) {
            open(ctx, evidence, now, store);
        } else {
            deny(ctx, now);
        }
    }

    private void open(ChannelHandlerContext ctx, PeerEvidence evidence, PeerAccess now, boolean store) {
        PeerAccess before = access;
        access = now;
        state = State.OPEN;
        if (store) {
            if (connection == null) {
                connection = authorization.open().add(ctx.channel(), evidence, now, deadline);
            } else {
                connection.renew(evidence, now);
            }
        }
        writes.send(ctx);
        if (!opened) {
            opened = true;
            ctx.fireUserEventTriggered(new Allowed(now));
        } else if (before != null && !before.decision().equals(now.decision())) {
            ctx.fireUserEventTriggered(new Changed(now));
        }
        play(ctx);
    }

    private void deny(ChannelHandlerContext ctx, PeerAccess now) {
        access = now;
        state = State.DENIED;
        if (question != null) {
            question.cancel();
            question = null;
        }
        held.release();
        writes.fail(authorization.counters(), now.decision());
        try {
            ctx.fireUserEventTriggered(new Denied(now));
        } finally { // the next handler's executor may be shut down, and then the event throws
            Log.debug("{}: closing {}", now, ctx.channel());
            sayFarewell(ctx, (Deny) now.decision());
        }
    }

    private void sayFarewell(ChannelHandlerContext ctx, Deny why) {
        ByteBuf bytes = null;
        if (farewell != null && !datagrams && ctx.channel().isActive()) {
            try {
                bytes = farewell.apply(why);
            } catch (Throwable e) {
                Log.warn("the farewell could not be made", e);
            }
        }
        if (bytes == null) {
            ctx.close();
            return;
        }
        Future<?> timer = ctx.executor().schedule(() -> ctx.close(), farewellDeadline.toNanos(), TimeUnit.NANOSECONDS);
        ctx.writeAndFlush(bytes).addListener(sent -> {
            timer.cancel(false);
            ctx.close();
        });
    }

    private PeerDecision denial() {
        return access != null && !access.letsIn() ? access.decision() : PeerAccess.NONE.decision();
    }

    private void leave(ChannelHandlerContext ctx) {
        if (state == State.OPEN && !everyMessage && !awaitsSender && !playing && held.isEmpty() && !ctx.isRemoved()) {
            left = true;
            ctx.pipeline().remove(this);
        }
    }

    /** Passes on what was held, up to where something has to be decided. */
    private void play(ChannelHandlerContext ctx) {
        if (playing) {
            return; // who plays goes on
        }
        playing = true;
        try {
            for (HeldEvents.Held event = next(); event != null; event = next()) {
                dispatch(ctx, event.kind(), event.what());
            }
        } finally {
            playing = false;
        }
        if (readHeld && state != State.ASKING && state != State.DENIED && !ctx.isRemoved()) {
            readHeld = false;
            ctx.read();
        }
    }

    private HeldEvents.@Nullable Held next() {
        return state == State.OPEN ? held.poll() : null;
    }

    /** Passes an event on, holds it or drops it. */
    private void take(ChannelHandlerContext ctx, Kind kind, @Nullable Object what) {
        if (state == State.DENIED) {
            HeldEvents.discard(kind, what);
        } else if (state == State.OPEN && !playing) {
            dispatch(ctx, kind, what);
            leave(ctx);
        } else if (!held.add(kind, what) && kind == Kind.READ) {
            HeldEvents.discard(kind, what);
            if (datagrams) {
                authorization.reportDropped(ctx.channel());
            } else {
                denyAbsent(ctx, new Absence(AbsenceReason.FAILED, "too much came in before it was decided"));
            }
        }
    }

    private void dispatch(ChannelHandlerContext ctx, Kind kind, @Nullable Object what) {
        switch (kind) {
            case ACTIVE -> {
                keptActive = false;
                ctx.fireChannelActive();
            }
            case READ -> {
                if (everyMessage) {
                    decideMessage(ctx, Objects.requireNonNull(what));
                } else {
                    ctx.fireChannelRead(Objects.requireNonNull(what));
                }
            }
            case READ_COMPLETE -> ctx.fireChannelReadComplete();
            case EVENT -> ctx.fireUserEventTriggered(Objects.requireNonNull(what));
            case WRITABILITY -> ctx.fireChannelWritabilityChanged();
            case EXCEPTION -> ctx.fireExceptionCaught((Throwable) Objects.requireNonNull(what));
        }
    }

    private void decideMessage(ChannelHandlerContext ctx, Object msg) {
        MessageDecisions decisions = messages;
        if (decisions == null) {
            decisions = new MessageDecisions(authorization, Evidence.setup(ctx.channel()));
            messages = decisions;
        }
        PeerCredentialsResult sender = MessageDecisions.senderOf(ctx.channel(), msg);
        if (sender instanceof Absence absence && absence.reason() == AbsenceReason.NOT_CAPTURED) {
            ReferenceCountUtil.release(msg); // somebody in front delivers what nobody looked at
            conclude(ctx, PeerEvidence.of(absence), absent(absence), false);
            return;
        }
        PeerAccess known = decisions.known(ctx.channel(), sender);
        if (known != null) {
            deliver(ctx, msg, known);
            return;
        }
        held.addFirst(Kind.READ, msg);
        state = State.ASKING;
        Question asked = new Question(authorization, decisions.evidence(sender), ctx.executor(), answer -> {
            question = null;
            if (state == State.ASKING && !ctx.isRemoved()) {
                Objects.requireNonNull(messages).answered(ctx.channel(), sender, answer);
                state = State.OPEN;
                HeldEvents.Held first = Objects.requireNonNull(held.poll());
                boolean outer = playing;
                playing = true;
                try {
                    deliver(ctx, Objects.requireNonNull(first.what()), answer);
                } finally {
                    playing = outer;
                }
                play(ctx);
            }
        });
        question = asked;
        asked.ask(deadline);
    }

    private void deliver(ChannelHandlerContext ctx, Object msg, PeerAccess of) {
        if (of.letsIn()) {
            ctx.fireChannelRead(MessageDecisions.isEnvelope(msg) ? new AuthorizedMessage(msg, of) : msg);
            return;
        }
        ReferenceCountUtil.release(msg);
        if (datagrams) {
            authorization.reportDropped(ctx.channel());
        } else {
            deny(ctx, of);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        keptActive = true;
        if (state == State.NEW) {
            begin(ctx);
        }
        take(ctx, Kind.ACTIVE, null);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (state == State.NEW) {
            begin(ctx);
        }
        if (state == State.WAITING) {
            decideOnFirst(ctx, msg);
        } else if (state == State.OPEN && awaitsSender && !everyMessage) {
            awaitsSender = false;
            proceed(ctx); // the capture of the first read is gone, and with it its word
        }
        take(ctx, Kind.READ, msg);
    }

    /** Decides when a message is there and nothing was said of its sender but, perhaps, by itself. */
    private void decideOnFirst(ChannelHandlerContext ctx, Object msg) {
        awaitsSender = false;
        if (MessageDecisions.isEnvelope(msg)) {
            // Stored is nothing, since the next message may be another's.
            ask(ctx, Evidence.of(ctx.channel(), MessageDecisions.senderOf(ctx.channel(), msg)), false);
        } else {
            proceed(ctx);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        take(ctx, Kind.READ_COMPLETE, null);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof PeerCredentialsEvent captured && !datagrams) {
            onCapture(ctx, captured);
        }
        take(ctx, Kind.EVENT, evt);
    }

    private void onCapture(ChannelHandlerContext ctx, PeerCredentialsEvent event) {
        if (event instanceof PeerCredentialsEvent.Refused refused) {
            if (state != State.OPEN && state != State.DENIED) {
                ctx.fireUserEventTriggered(refused); // what is held is dropped
                denyAbsent(ctx, refused.result());
            }
        } else if (state == State.NEW && ctx.channel().isActive()) {
            begin(ctx);
        } else if (awaitsSender && Evidence.hasSender(ctx.channel())) {
            awaitsSender = false;
            if (state == State.ASKING && question != null) {
                question.cancel(); // there is more to decide on by now
                question = null;
            }
            if (state != State.NEW && state != State.DENIED) {
                proceed(ctx);
            }
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        take(ctx, Kind.WRITABILITY, null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (state == State.DENIED) {
            Log.debug("on a denied channel", cause);
        }
        take(ctx, Kind.EXCEPTION, cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        held.release();
        if (question != null) {
            question.cancel();
            question = null;
        }
        boolean was = !keptActive && (opened || datagrams);
        if (state != State.OPEN) {
            state = State.DENIED;
            writes.fail(authorization.counters(), denial());
        }
        if (was) {
            ctx.fireChannelInactive();
        }
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        if (state == State.ASKING) {
            readHeld = true;
        } else if (state != State.DENIED) {
            ctx.read();
        }
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
        if (state == State.OPEN || (state == State.ASKING && opened)) {
            ctx.write(msg, promise);
        } else if (state == State.DENIED || !writes.add(ctx, msg, promise)) {
            writes.failOne(authorization.counters(), denial(), msg, promise);
        }
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (state == State.OPEN || (state == State.ASKING && opened)) {
            ctx.flush();
        } else {
            writes.flushLater();
        }
    }
}
