// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerDecision.Allow;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What must hold whatever befalls the handler in whatever order. The model: something passes, inwards or outwards, only between the
 * moment of an answer that lets in, given by what is in force, and that of the first that does not.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GateModelTest {
    private static final int SEQUENCES = Integer.getInteger("model.sequences", 1_000_000);
    private static final PeerDecision YES = new Allow("yes", Set.of("submit"));
    private static final PeerDecision NO = new Deny(Reason.RULE, Optional.of("no"), Optional.empty());
    private static final PeerPolicy IN = PeerPolicy.builder()
            .allow("yes", rule -> rule.user(1000).grants("submit"))
            .build(null);
    private static final PeerPolicy OUT =
            PeerPolicy.builder().deny("no", rule -> rule.anyUser()).build(null);
    private static final List<PretendedPeer> PEERS = List.of(
            PretendedPeer.of(1000, 100).pid(1),
            PretendedPeer.of(1000, 100).pid(1),
            PretendedPeer.of(1000, 100).pid(1),
            PretendedPeer.of(1001, 100).pid(1),
            PretendedPeer.absent(new Absence(AbsenceReason.NOT_CONNECTED, "a test")));

    @Test
    void anySequence_letsNothingPassUndecided() {
        long first = Long.getLong("model.seed", System.nanoTime());
        System.out.println("GateModelTest: " + SEQUENCES + " sequences from seed " + first);
        int[] ends = new int[End.values().length];
        for (int i = 0; i < SEQUENCES; i++) {
            long seed = first + i;
            try {
                ends[
                        new Sequence(new Random(seed * 0x9E37_79B9_7F4A_7C15L))
                                .run()
                                .ordinal()]++;
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        for (End end : End.values()) { // otherwise the sequences are not the ones that this is about
            System.out.println("GateModelTest: " + end + " " + ends[end.ordinal()]);
            assertThat(ends[end.ordinal()]).as(end.name()).isGreaterThan(SEQUENCES / 200);
        }
    }

    private enum End {
        PASSED,
        DENIED,
        REVOKED,
        STALE,
        UNDECIDED
    }

    private static final class Counted extends AbstractReferenceCounted {
        @Override
        public ReferenceCounted touch(Object hint) {
            return this;
        }

        @Override
        protected void deallocate() {}
    }

    /** An embedded channel that is registered first and becomes active when the test says so. */
    private static final class Connectable extends EmbeddedChannel {
        private boolean connected;

        Connectable(PretendedPeer peer) throws Exception {
            super(false, false);
            peer.on(this);
            config().setAutoRead(false);
            pipeline().addFirst(new ChannelOutboundHandlerAdapter());
            register();
        }

        @Override
        public boolean isActive() {
            return connected && super.isActive();
        }
    }

    /** A question that waits for its answer, and by what it was put. */
    private record Asked(Promise<PeerDecision> promise, long generation) {}

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private static final class Sequence implements PeerAuthorizer {
        private final Random random;
        private final boolean async;
        private final boolean capture;
        private final boolean queues;
        private final boolean shadow;
        private final boolean again;
        private final PretendedPeer peer;
        private final PeerAuthorization authorization;
        private final PeerAuthorizationHandler handler;
        private final Connectable channel;
        private final Witness witness = new Witness();
        private final List<Counted> all = new ArrayList<>();
        private final List<Counted> reads = new ArrayList<>();
        private final List<ChannelFuture> writes = new ArrayList<>();
        private final List<Counted> writable = new ArrayList<>();
        private final List<Asked> asked = new ArrayList<>();
        private boolean toldActive;
        private boolean removed;

        /** The model: which answers by what is in force would let in. */
        private boolean mayPass;

        Sequence(Random random) throws Exception {
            this.random = random;
            async = random.nextInt(2) == 0;
            capture = random.nextInt(16) > 0;
            queues = random.nextInt(3) == 0;
            shadow = random.nextInt(16) == 0;
            again = random.nextInt(2) == 0;
            peer = PEERS.get(random.nextInt(PEERS.size()));
            PeerAuthorization.Builder builder = async
                    ? PeerAuthorization.builder((PeerAuthorizer) this)
                    : PeerAuthorization.builder(random.nextInt(4) > 0 ? IN : OUT);
            if (again) {
                builder.decideAgain();
            }
            authorization = (shadow ? builder.shadow() : builder).build();
            PeerAuthorizationHandler.Builder gate =
                    PeerAuthorizationHandler.builder(authorization).deadline(Duration.ofSeconds(1));
            handler = (queues ? gate.queueWrites(1 << 20) : gate).build();
            channel = new Connectable(peer);
            channel.freezeTime();
        }

        @Override
        public Future<PeerDecision> authorize(PeerEvidence evidence, EventExecutor executor) {
            switch (random.nextInt(8)) {
                case 0 -> throw new IllegalStateException("a test");
                case 1 -> {
                    return executor.newFailedFuture(new IllegalStateException("a test"));
                }
                case 2 -> {
                    mayPass = true;
                    return executor.newSucceededFuture(YES);
                }
                default -> {
                    Promise<PeerDecision> promise = executor.newPromise();
                    asked.add(new Asked(promise, authorization.generation()));
                    return promise;
                }
            }
        }

        End run() {
            boolean late = random.nextInt(4) == 0;
            if (late && random.nextBoolean()) {
                active();
            }
            if (capture) {
                channel.pipeline().addLast(new PeerCredentialsHandler());
            }
            channel.pipeline().addLast(handler, witness);
            for (int steps = 3 + random.nextInt(10); steps > 0; steps--) {
                step();
                checkOutbound();
            }
            channel.close();
            channel.runPendingTasks();
            checkOutbound();
            return end();
        }

        private void step() {
            switch (random.nextInt(16)) {
                case 0, 1 -> active();
                case 2, 3, 4 -> {
                    if (channel.isOpen()) {
                        Counted message = counted();
                        reads.add(message);
                        channel.pipeline().fireChannelRead(message);
                    }
                }
                case 5 -> channel.pipeline().fireUserEventTriggered(counted());
                case 6 -> channel.pipeline().fireChannelReadComplete();
                case 7 -> channel.pipeline().fireExceptionCaught(new IllegalStateException("a test"));
                case 8 -> channel.pipeline().fireChannelWritabilityChanged();
                case 9, 10 -> {
                    Counted message = counted();
                    writable.add(message);
                    writes.add(
                            random.nextBoolean()
                                    ? channel.writeAndFlush(message)
                                    : channel.pipeline().lastContext().write(message));
                }
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

        private Counted counted() {
            Counted one = new Counted();
            all.add(one);
            return one;
        }

        private void active() {
            if (!toldActive && channel.isOpen()) {
                toldActive = true;
                channel.connected = true;
                channel.pipeline().fireChannelActive();
            }
        }

        private void remove() {
            if (channel.pipeline().context(handler) != null) {
                removed = true;
                boolean wasOpen = witness.open;
                channel.pipeline().remove(handler);
                check(wasOpen || !channel.isOpen(), "removed before it had decided, and the channel stays open");
            }
        }

        private void reload() {
            if (async) {
                authorization.discardDecisions();
            } else {
                authorization.replace(random.nextInt(3) > 0 ? IN : OUT);
            }
        }

        private void answer() {
            if (asked.isEmpty()) {
                return;
            }
            Asked one = asked.remove(random.nextInt(asked.size()));
            int kind = random.nextInt(8);
            if (kind < 5) {
                mayPass |= one.generation == authorization.generation();
                one.promise.trySuccess(YES);
            } else if (kind < 7) {
                one.promise.trySuccess(NO);
            } else {
                one.promise.tryFailure(new IllegalStateException("a test"));
            }
        }

        /** Whether the model lets something pass, now. */
        private boolean mayPassNow() {
            return capture
                    && (shadow ? PEERS.indexOf(peer) != 4 : async ? mayPass : PEERS.indexOf(peer) < 3 && everIn());
        }

        private boolean everIn() {
            return witness.open && witness.rule.equals("yes");
        }

        private void checkOutbound() {
            if (channel.outboundMessages().isEmpty()) {
                return;
            }
            for (Object sent = channel.readOutbound(); sent != null; sent = channel.readOutbound()) {
                check(witness.wasOpen, "written before it was decided");
                ((Counted) sent).release();
            }
        }

        private End end() {
            for (Counted one : all) {
                check(one.refCnt() == 0, "released exactly once");
            }
            for (ChannelFuture write : writes) {
                check(write.isDone(), "a write that nobody answered");
                if (!write.isSuccess()
                        && !witness.wasOpen
                        && !removed
                        && channel.pipeline().context(handler) != null) {
                    check(write.cause() instanceof PeerUnauthorizedException, "untyped: " + write.cause());
                }
            }
            check(witness.reads == reads.subList(0, witness.reads).size(), "more reads than there were");
            check(authorization.open().size() == 0, "an open connection is kept when it is closed");
            if (witness.revoked) {
                return End.REVOKED;
            }
            if (authorization.counters().stale() > 0) {
                return End.STALE;
            }
            return witness.denied ? End.DENIED : witness.wasOpen ? End.PASSED : End.UNDECIDED;
        }

        private final class Witness extends ChannelInboundHandlerAdapter {
            private boolean open;
            private boolean wasOpen;
            private boolean denied;
            private boolean revoked;
            private String rule = "";
            private int reads;
            private boolean heardActive;

            private void passes(String what) {
                check(open, what + " passed undecided");
            }

            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                passes("active");
                check(!heardActive, "active twice");
                heardActive = true;
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                check(heardActive || !toldActive || wasOpen, "the end of what nobody heard of");
                open = false;
            }

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                passes("a message");
                int at = -1;
                for (int i = reads; i < Sequence.this.reads.size() && at < 0; i++) {
                    at = Sequence.this.reads.get(i) == msg ? i : -1;
                }
                check(at == reads, "out of order, lost or twice");
                reads++;
                ((Counted) msg).release();
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
                if (!(cause instanceof IllegalStateException)) {
                    throw new AssertionError(cause);
                }
                passes("an exception");
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

            private void decided(PeerAccessEvent event) {
                PeerAccess access = event.access();
                rule = access.rule().orElse("");
                if (event instanceof PeerAccessEvent.Allowed) {
                    check(!wasOpen && !denied, "decided twice");
                    check(access.generation() == authorization.generation(), "by what is not in force");
                    check(sameAsStored(access), "another is stored");
                    open = true;
                    wasOpen = true;
                    check(mayPassNow(), "let in against the model");
                } else if (event instanceof PeerAccessEvent.Denied) {
                    check(!denied && !wasOpen, "denied twice, or after it was let in");
                    denied = true;
                    open = false;
                } else if (event instanceof PeerAccessEvent.Revoked) {
                    check(wasOpen && again, "revoked without having been let in");
                    check(access.generation() == authorization.generation(), "by what is not in force");
                    revoked = true;
                    open = false;
                }
            }

            private boolean sameAsStored(@Nullable PeerAccess access) {
                return PeerAccess.of(channel) == access;
            }
        }
    }
}
