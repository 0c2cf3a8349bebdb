// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Allow;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.lang.reflect.Constructor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One channel, and a dozen things that befall it in an order that a seed gives. The model: something passes, inwards or outwards, only
 * if what is in force has said yes to who connected, and a message only if it has said yes to its sender; a yes lets all pass that was
 * held, in order, and a no closes the channel. Whatever was handed over is released once, and each write is answered.
 */
final class GateSequence implements PeerAuthorizer {
    /** What became of the channel. */
    enum End {
        PASSED,
        DENIED,
        REVOKED,
        STALE,
        REMOVED,
        MESSAGES,
        UNDECIDED
    }

    private static final PeerDecision YES = new Allow("yes", Set.of("submit"));
    private static final PeerDecision NO = new Deny(Reason.RULE, Optional.of("no"), Optional.empty());
    private static final PeerPolicy IN = PeerPolicy.builder()
            .allow("yes", rule -> rule.user(1000).grants("submit").senderMayDiffer())
            .build(null);
    private static final PeerPolicy OUT =
            PeerPolicy.builder().deny("no", rule -> rule.anyUser()).build(null);
    private static final PretendedPeer ABSENT =
            PretendedPeer.absent(new Absence(AbsenceReason.NOT_CONNECTED, "a test"));
    private static final List<PeerCredentialsResult> SENDERS = List.of(
            MadePeer.of(1000, 100).at(Moment.EVERY_READ).make(),
            MadePeer.of(1000, 101).at(Moment.EVERY_READ).make(),
            MadePeer.of(1001, 100).at(Moment.EVERY_READ).make());
    private static final Constructor<?> ENVELOPE = AttestedMessage.class.getDeclaredConstructors()[0];

    static {
        ENVELOPE.setAccessible(true);
    }

    /** What handlers and authorizers throw, without a stack trace, since there are many. */
    private static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1;

        Failure() {
            super("a test", null, false, false);
        }
    }

    /** A question that waits for its answer: by what it was put, and about which sender, if about one. */
    private record Asked(Promise<PeerDecision> promise, long generation, @Nullable PeerCredentialsResult sender) {}

    /** A yes, by which generation and to which sender. */
    private record Yes(long generation, @Nullable PeerCredentialsResult sender) {}

    private final Random random;
    private final boolean async;
    private final boolean capture;
    private final boolean queues;
    private final boolean shadow;
    private final boolean again;
    private final boolean envelopes;
    /** Whether the application wants autoRead. */
    private boolean autoRead;

    private final long uid;
    private final PeerAuthorization authorization;
    private final PeerAuthorizationHandler handler;
    private final Connectable channel;
    private final ChannelInboundHandlerAdapter source = new ChannelInboundHandlerAdapter();
    private final Witness witness = new Witness();
    private final List<Counted> all = new ArrayList<>();
    private final List<Counted> reads = new ArrayList<>();
    private final List<ChannelFuture> writes = new ArrayList<>();
    private final List<Asked> asked = new ArrayList<>();
    private final Set<Yes> yes = new HashSet<>();
    private @Nullable Asked last;
    private int farewells;
    private boolean toldActive;
    private boolean firedActive;
    private boolean removed;
    /** Of handlers, whose errors Netty would swallow. */
    private @Nullable Throwable failure;

    GateSequence(Random random) throws Exception {
        this.random = random;
        async = random.nextInt(3) > 0;
        capture = random.nextInt(16) > 0;
        queues = random.nextInt(3) == 0;
        shadow = random.nextInt(16) == 0;
        again = random.nextBoolean();
        int kind = random.nextInt(8);
        uid = kind == 0 ? -1 : kind == 1 ? 1001 : 1000;
        envelopes = uid >= 0 && random.nextInt(3) == 0;
        PeerAuthorization.Builder builder = async
                ? PeerAuthorization.builder((PeerAuthorizer) this)
                : PeerAuthorization.builder(random.nextInt(4) > 0 ? IN : OUT);
        if (again) {
            builder.decideAgain();
        }
        authorization = (shadow ? builder.shadow() : builder).build();
        PeerAuthorizationHandler.Builder gate =
                PeerAuthorizationHandler.builder(authorization).deadline(Duration.ofSeconds(1));
        if (random.nextBoolean()) {
            gate.farewell(why -> Unpooled.wrappedBuffer(new byte[] {'!'}));
        }
        handler = (queues ? gate.queueWrites(1 << 20) : gate).build();
        channel = new Connectable(uid < 0 ? ABSENT : PretendedPeer.of(uid, 100).pid(1));
        channel.freezeTime();
        autoRead = random.nextBoolean();
        channel.config().setAutoRead(autoRead);
    }

    /** An embedded channel that is registered first and becomes active when the test says so. */
    private static final class Connectable extends EmbeddedChannel {
        private boolean connected;

        Connectable(PretendedPeer peer) throws Exception {
            super(false, false);
            peer.on(this);
            config().setAutoRead(false);
            register();
        }

        @Override
        public boolean isActive() {
            return connected && super.isActive();
        }
    }

    private static final class Counted extends AbstractReferenceCounted {
        private @Nullable PeerCredentialsResult sender;

        @Override
        public ReferenceCounted touch(Object hint) {
            return this;
        }

        @Override
        protected void deallocate() {}
    }

    @Override
    public Future<PeerDecision> authorize(PeerEvidence evidence, EventExecutor executor) {
        PeerCredentialsResult sender = evidence.message();
        switch (random.nextInt(8)) {
            case 0 -> throw new Failure();
            case 1 -> {
                return executor.newFailedFuture(new Failure());
            }
            case 2, 3 -> {
                yes.add(new Yes(authorization.generation(), sender));
                return executor.newSucceededFuture(YES);
            }
            default -> {
                Promise<PeerDecision> promise = executor.newPromise();
                last = new Asked(promise, authorization.generation(), sender);
                asked.add(last);
                return promise;
            }
        }
    }

    End run() throws ReflectiveOperationException {
        if (random.nextInt(8) == 0) {
            active();
        }
        if (capture) {
            channel.pipeline().addLast(new PeerCredentialsHandler());
        }
        if (envelopes) { // which come in behind it, since embedded channels have no senders
            channel.pipeline()
                    .addLast(
                            AttestedDecoder.builder()
                                    .decoder(ChannelInboundHandlerAdapter::new)
                                    .build(),
                            source);
        }
        channel.pipeline().addLast(handler, witness);
        for (int steps = 3 + random.nextInt(10); steps > 0; steps--) {
            step();
            check();
        }
        if (channel.isOpen() && channel.pipeline().context(handler) == null) {
            that(witness.reads == reads.size(), "a message was lost");
            that(witness.heardActive || !firedActive, "the activity was lost");
            that(channel.config().isAutoRead() == autoRead, "autoRead is not as it was");
        }
        channel.close();
        channel.runPendingTasks();
        check();
        return end();
    }

    private void step() throws ReflectiveOperationException {
        switch (random.nextInt(16)) {
            case 0, 1 -> active();
            case 2, 3, 4 -> read();
            case 5 -> channel.pipeline().fireUserEventTriggered(counted());
            case 6 -> channel.pipeline().fireChannelReadComplete();
            case 7 -> channel.pipeline().fireExceptionCaught(new Failure());
            case 8 -> channel.pipeline().fireChannelWritabilityChanged();
            case 9, 10 -> write();
            case 11 -> reload();
            case 12, 13 -> answer();
            case 14 -> {
                switch (random.nextInt(6)) {
                    case 0 -> channel.close();
                    case 1 -> remove();
                    case 2 -> channel.advanceTimeBy(1, TimeUnit.SECONDS);
                    default -> channel.read();
                }
                channel.runScheduledPendingTasks();
            }
            default -> channel.runPendingTasks();
        }
    }

    private void that(boolean holds, String what) {
        if (!holds && failure == null) {
            failure = new AssertionError(what);
        }
    }

    private Counted counted() {
        Counted one = new Counted();
        all.add(one);
        return one;
    }

    private void active() {
        if (!toldActive && channel.isOpen()) {
            toldActive = true;
            channel.connected = true;
            firedActive = channel.pipeline().context(handler) != null;
            channel.pipeline().fireChannelActive();
        }
    }

    private void read() throws ReflectiveOperationException {
        if (!channel.isOpen()) {
            return;
        }
        Counted message = counted();
        reads.add(message);
        message.sender = envelopes ? SENDERS.get(random.nextInt(SENDERS.size())) : null;
        if (envelopes) {
            Object envelope = ENVELOPE.newInstance(message, message.sender, null);
            Objects.requireNonNull(channel.pipeline().context(source)).fireChannelRead(envelope);
        } else {
            channel.pipeline().fireChannelRead(message);
        }
    }

    private void write() {
        ChannelFuture write = random.nextBoolean() ? channel.writeAndFlush(counted()) : channel.write(counted());
        writes.add(write);
        if (!witness.wasOpen && !queues && channel.pipeline().context(handler) != null) {
            that(write.cause() instanceof PeerUnauthorizedException, "not refused with its type: " + write);
        }
    }

    private void remove() {
        if (channel.pipeline().context(handler) != null) {
            removed = true;
            channel.pipeline().remove(handler);
            that(!channel.isOpen(), "removed while it had to decide, and the channel stays open");
        }
    }

    private void reload() {
        if (async) {
            authorization.discardDecisions();
        } else {
            authorization.replace(random.nextInt(3) > 0 ? IN : OUT);
        }
        if (!async && again && !shadow && witness.wasOpen) {
            channel.runPendingTasks(); // a listener or handler may have replaced it before it was let in
            PeerCredentialsResult letIn =
                    envelopes ? SENDERS.get(0) : null; // by a message, all of which are of that user
            that(saysYes(letIn) || !channel.isOpen(), "open, and lost its access");
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private void answer() {
        if (asked.isEmpty()) {
            return;
        }
        Asked one = asked.remove(random.nextInt(asked.size()));
        boolean live = one == last && one.generation == authorization.generation() && channel.isOpen();
        int kind = random.nextInt(8);
        if (kind < 5) {
            yes.add(new Yes(one.generation, one.sender));
            one.promise.trySuccess(YES);
            that(!live || one.sender != null || witness.wasOpen, "a yes that let nobody in");
        } else {
            if (kind < 7) {
                one.promise.trySuccess(NO);
            } else {
                one.promise.tryFailure(new Failure());
            }
            that(!live || shadow || !channel.isActive(), "a no that closed nothing");
        }
    }

    /** The model: whether what is in force says yes to who connected, or to a sender. */
    private boolean saysYes(@Nullable PeerCredentialsResult sender) {
        if (sender == null && (!capture || uid < 0)) {
            return false;
        }
        if (shadow) {
            return true;
        }
        if (async) {
            return yes.contains(new Yes(authorization.generation(), sender));
        }
        long who = sender instanceof UnixPeerCredentials peer ? peer.uid() : uid;
        return who == 1000 && authorization.policy().equals(Optional.of(IN));
    }

    private void check() {
        for (Object sent = channel.readOutbound(); sent != null; sent = channel.readOutbound()) {
            if (sent instanceof ByteBuf farewell) {
                farewells++;
                that(witness.denied && farewells == 1, "a farewell to nobody");
                farewell.release();
            } else {
                that(witness.wasOpen, "written before it was decided");
                ((Counted) sent).release();
            }
        }
        for (Object tail = channel.readInbound(); tail != null; tail = channel.readInbound()) {
            // An embedded channel takes its handlers out while it is being closed, in the middle of an event.
            that(!channel.isOpen(), "a message passed all handlers");
            ((Counted) tail).release();
        }
        if (failure != null) {
            throw new AssertionError(failure.getMessage(), failure);
        }
    }

    private End end() {
        for (Counted one : all) {
            that(one.refCnt() == 0, "not released once, but left at " + one.refCnt());
        }
        for (ChannelFuture write : writes) {
            that(write.isDone(), "a write that nobody answered");
        }
        that(authorization.open().size() == 0, "an open connection is kept when it is closed");
        check();
        if (witness.revoked) {
            return End.REVOKED;
        }
        if (removed) {
            return End.REMOVED;
        }
        if (witness.wasOpen && envelopes && witness.reads > 1) {
            return End.MESSAGES;
        }
        if (authorization.counters().stale() > 0) {
            return End.STALE;
        }
        return witness.denied ? End.DENIED : witness.wasOpen ? End.PASSED : End.UNDECIDED;
    }

    /** The handler behind, which sees what passes, and sometimes does something in the middle of it. */
    private final class Witness extends ChannelInboundHandlerAdapter {
        private boolean open;
        private boolean wasOpen;
        private boolean denied;
        private boolean revoked;
        private boolean heardActive;
        private int reads;

        private void passes(String what) {
            that(open || removed, what + " passed undecided"); // nobody guards what the handler was taken from
            switch (random.nextInt(64)) {
                case 0 -> channel.close();
                case 1 -> reload();
                case 2 -> write();
                case 3 -> remove();
                case 4 -> throw new Failure();
                case 5, 6 -> {
                    autoRead = !autoRead;
                    channel.config().setAutoRead(autoRead);
                }
                default -> {}
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            that(!heardActive, "active twice");
            heardActive = true;
            passes("active");
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            that(wasOpen || removed, "the end of what nobody heard of");
            open = false;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            Object message = msg;
            if (msg instanceof AuthorizedMessage authorized) {
                message = ((AttestedMessage) authorized.message()).message();
                that(authorized.access().letsIn(), "a denied message");
                that(saysYes(((Counted) message).sender), "a message against the model");
            }
            that(envelopes == (msg instanceof AuthorizedMessage), "not as it was to come: " + msg);
            that(reads().indexOf(message) == reads, "out of order, lost or twice");
            reads++;
            ((ReferenceCounted) msg).release();
            passes("a message");
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            passes("readComplete");
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            passes("writability");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            that(cause instanceof Failure, String.valueOf(cause));
            that(wasOpen || removed, "an exception passed undecided");
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof Counted counted) {
                counted.release();
                passes("an event");
            } else if (evt instanceof PeerAccessEvent event) {
                decided(event);
            } else if (evt instanceof io.github.nettypeercred.PeerCredentialsEvent.Captured) {
                passes("the capture's event");
            }
        }

        private List<Counted> reads() {
            return GateSequence.this.reads;
        }

        private void decided(PeerAccessEvent event) {
            PeerAccess access = event.access();
            that(PeerAccess.of(channel) == access || envelopes, "another is stored");
            if (event instanceof PeerAccessEvent.Allowed) {
                that(!wasOpen && !denied, "decided twice");
                boolean byMessage = envelopes && !reads().isEmpty();
                that(saysYes(null) || (byMessage && saysYes(reads().get(0).sender)), "let in against the model");
                open = true;
                wasOpen = true;
                passes("the decision");
            } else if (event instanceof PeerAccessEvent.Denied) {
                that(!denied && (!wasOpen || envelopes), "denied twice, or after it was let in");
                denied = true;
                open = false;
            } else if (event instanceof PeerAccessEvent.Revoked) {
                that(wasOpen && again, "revoked without having been let in");
                that(!saysYes(null), "revoked against the model");
                revoked = true;
                open = false;
            }
        }
    }
}
