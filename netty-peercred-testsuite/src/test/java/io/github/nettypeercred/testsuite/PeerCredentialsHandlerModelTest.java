// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What must hold whatever happens in whatever order: random sequences of everything that can befall a handler. */
@Tag("netty-4.1")
class PeerCredentialsHandlerModelTest {
    private static final int SEQUENCES = 20_000;
    private static final List<PretendedPeer> PEERS = List.of(
            PretendedPeer.of(1000, 100),
            PretendedPeer.of(1000, 100),
            PretendedPeer.absent(new Absence(AbsenceReason.NOT_CONNECTED, "a test")),
            PretendedPeer.failing(new IllegalStateException("a test")));

    @Test
    void anySequence_letsNothingPassUnannounced() {
        long first = System.nanoTime();
        int passed = 0;
        int refused = 0;
        int raced = 0;
        for (int i = 0; i < SEQUENCES; i++) {
            long seed = first + i;
            List<String> seen;
            try {
                seen = new Sequence(seed).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
            passed += seen.stream().anyMatch(what -> what.startsWith("read")) ? 1 : 0;
            refused += seen.contains("Refused NOT_CONNECTED") ? 1 : 0;
            raced += seen.contains("Refused RACED") ? 1 : 0;
        }
        // Otherwise the sequences are not the ones that this is about.
        assertThat(passed).isGreaterThan(SEQUENCES / 20);
        assertThat(refused).isGreaterThan(SEQUENCES / 100);
        assertThat(raced).isGreaterThan(SEQUENCES / 100);
    }

    /** A message or event that can tell whether it was released, and that fails if it is released twice. */
    private static final class Counted extends AbstractReferenceCounted {
        private final int number;

        Counted(int number) {
            this.number = number;
        }

        @Override
        public ReferenceCounted touch(Object hint) {
            return this;
        }

        @Override
        protected void deallocate() {}

        @Override
        public String toString() {
            return Integer.toString(number);
        }
    }

    private static final class Sequence {
        private final Random random;
        private final Recorder recorder = new Recorder();
        private final PeerCredentialsHandler handler;
        private final ConnectableChannel channel;
        private final List<Counted> messages = new ArrayList<>();
        private final List<Counted> events = new ArrayList<>();
        private boolean added;
        private boolean toldActive;
        private boolean removed;
        private int seenBeforeAdded;
        private int seenBeforeRemoved = Integer.MAX_VALUE;

        Sequence(long seed) {
            random = new Random(seed);
            PeerCredentialsHandler.Builder builder = PeerCredentialsHandler.builder();
            handler = (random.nextInt(3) == 0 ? builder.admitAbsent() : builder).build();
            channel = ConnectableChannel.with(PEERS.get(random.nextInt(PEERS.size())), recorder);
        }

        List<String> run() {
            if (random.nextInt(4) > 0) {
                add();
            }
            for (int steps = random.nextInt(12); steps >= 0; steps--) {
                step();
            }
            channel.runPendingTasks();
            channel.close();
            channel.runPendingTasks();
            check();
            return recorder.seen();
        }

        private void step() {
            switch (random.nextInt(14)) {
                case 0 -> add();
                case 1, 2 -> active();
                case 3, 4, 5, 6 -> {
                    if (!channel.isOpen()) {
                        return;
                    }
                    messages.add(new Counted(messages.size()));
                    channel.pipeline().fireChannelRead(messages.get(messages.size() - 1));
                }
                case 7 -> {
                    events.add(new Counted(events.size()));
                    channel.pipeline().fireUserEventTriggered(events.get(events.size() - 1));
                }
                case 8 -> channel.pipeline().fireChannelReadComplete();
                case 9 -> channel.pipeline().fireChannelWritabilityChanged();
                case 10 -> channel.pipeline().fireExceptionCaught(new IllegalStateException("x"));
                case 11 -> channel.runPendingTasks();
                case 12 -> {
                    if (random.nextInt(4) == 0) {
                        channel.close();
                    }
                }
                default -> {
                    if (random.nextInt(4) == 0) {
                        remove();
                    }
                }
            }
        }

        private void add() {
            if (!added && channel.isOpen()) {
                added = true;
                seenBeforeAdded = recorder.seen().size();
                channel.pipeline().addFirst(handler);
            }
        }

        private void remove() {
            if (channel.pipeline().context(handler) != null) {
                removed = true;
                seenBeforeRemoved = recorder.seen().size();
                channel.pipeline().remove(handler);
            }
        }

        private void active() {
            if (!toldActive && channel.isOpen()) {
                toldActive = true;
                channel.connectSilently();
                if (!added && random.nextBoolean()) {
                    add(); // as in an initializer
                }
                channel.connect();
            }
        }

        private void check() {
            List<String> seen = recorder.seen();
            List<String> guarded =
                    seen.subList(Math.min(seenBeforeAdded, seen.size()), Math.min(seenBeforeRemoved, seen.size()));
            if (!added) {
                guarded = List.of();
            }
            boolean open = false;
            boolean refused = false;
            int announcements = 0;
            for (String what : guarded) {
                boolean announcement = what.startsWith("Captured") || what.startsWith("Admitted");
                open |= announcement;
                assertThat(refused && !what.equals("inactive"))
                        .as("after a refusal: %s", seen)
                        .isFalse();
                refused |= what.startsWith("Refused");
                announcements += announcement || what.startsWith("Refused") ? 1 : 0;
                assertThat(what.startsWith("read ") && !open)
                        .as("a message of nobody: %s", seen)
                        .isFalse();
                assertThat(what.equals("active") && !open)
                        .as("active of nobody: %s", seen)
                        .isFalse();
            }
            assertThat(seen.stream().filter(what -> what.matches("(Captured|Admitted|Refused) .*")))
                    .as("announced at most once: %s", seen)
                    .hasSize(announcements)
                    .hasSizeLessThan(2);
            if (open && !refused && announcements > 0) {
                assertThat(channel.pipeline().get(PeerCredentialsHandler.class)).isNull();
            }

            assertThat(messages).allMatch(message -> message.refCnt() == 0, "released exactly once");
            assertThat(events).allMatch(event -> event.refCnt() == 0, "released exactly once");
            List<Integer> reads = seen.stream()
                    .filter(what -> what.startsWith("read "))
                    .map(what -> Integer.valueOf(what.substring(5)))
                    .toList();
            assertThat(reads).doesNotHaveDuplicates().isSorted();
            if (open) {
                // From the announcement on, all of them.
                int before = messages.size() - reads.size();
                assertThat(reads.isEmpty() || reads.get(reads.size() - 1) == messages.size() - 1 || removed)
                        .as("%s of %s, %s not", reads, messages.size(), before)
                        .isTrue();
            }
            long actives = seen.stream().filter("active"::equals).count();
            long inactives = seen.stream().filter("inactive"::equals).count();
            assertThat(actives).isLessThan(2);
            if (!removed) {
                assertThat(inactives)
                        .as("active and inactive balance: %s", seen)
                        .isEqualTo(actives);
            }
            assertThat(channel.isOpen()).isFalse();
        }
    }
}
