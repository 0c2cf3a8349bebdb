// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random reads of a stream on which several write, at any moment between a look and its read, against a model: a read of which
 * the look saw nothing is refused, and so is, where there is to be one sender, one of another; all others are delivered.
 */
class EveryReadModelTest {
    private static final int RUNS = 5_000;

    @Test
    void randomReads_areDeliveredAsTheModelSays() {
        long seed = System.nanoTime();
        System.out.println("EveryReadModelTest: seed " + seed);
        int refusals = 0;
        int complete = 0;
        for (int i = 0; i < RUNS; i++) {
            Run run = new Run(new Random(seed + i));
            run.play();
            assertThat(run.seen).as("seed %d, run %d", seed, i).isEqualTo(run.expected);
            if (run.over) {
                refusals++;
            } else {
                complete++;
            }
        }
        assertThat(refusals).isGreaterThan(RUNS / 20);
        assertThat(complete).isGreaterThan(RUNS / 20);
    }

    private static final class Run {
        private final Random random;
        private final boolean oneSender;
        private final boolean plainBytes;
        private final List<String> seen = new ArrayList<>();
        private final List<String> expected = new ArrayList<>();
        private final EmbeddedChannel channel = new EmbeddedChannel();
        private final RecvByteBufAllocator.ExtendedHandle handle;

        /** What is there to be read: whose it is, a byte each. */
        private final Deque<Integer> queue = new ArrayDeque<>();

        private final int looksAMess;
        private int written;
        private @Nullable Integer looked;
        private @Nullable Integer first;
        private boolean over;

        @SuppressWarnings("deprecation") // Netty names Handle in all its signatures
        Run(Random random) {
            this.random = random;
            oneSender = random.nextInt(3) == 0;
            plainBytes = oneSender && random.nextBoolean();
            looksAMess = random.nextInt(4) == 0 ? 10 : Integer.MAX_VALUE;
            channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(1 + random.nextInt(4)));
            channel.config().setAutoRead(random.nextInt(5) > 0);
            ScriptedTransport.setLooks(channel, (request, factory) -> {
                looked = queue.peek();
                slipIn();
                return looked == null
                        ? null
                        : factory.credentials(looked, looked, 7, Mechanism.SCM_CREDENTIALS, null, null, null);
            });
            EveryReadHandler.Builder builder = EveryReadHandler.builder();
            if (plainBytes) {
                builder.plainBytes();
            }
            channel.pipeline().addLast((oneSender ? builder : builder.allowSenderChange()).build(), new Witness());
            handle = (RecvByteBufAllocator.ExtendedHandle) channel.unsafe().recvBufAllocHandle();
        }

        /** Another writes, now and then. */
        private void slipIn() {
            if (random.nextInt(looksAMess == 10 ? 3 : 6) == 0) {
                write();
            }
        }

        private void write() {
            int who = oneSender && random.nextInt(12) > 0 ? 1000 : 1000 + random.nextInt(2);
            for (int count = 1 + random.nextInt(5); count > 0; count--) {
                queue.add(who);
                written++;
            }
        }

        void play() {
            for (int turn = 0; turn < 8 && !over; turn++) {
                if (random.nextInt(4) > 0) {
                    write();
                }
                // Netty reads when there is something; and at times, as at RDHUP, whether there is or not.
                if (!queue.isEmpty() || random.nextInt(looksAMess == 10 ? 2 : 40) == 0) {
                    burst();
                }
            }
            channel.runPendingTasks();
            if (!over) {
                assertThat(written - queue.size())
                        .isEqualTo(seen.stream()
                                .filter(text -> text.contains(" sent "))
                                .mapToInt(text -> text.length() - text.indexOf(" sent ") - " sent ".length())
                                .sum());
            }
            if (!over && oneSender && first != null) {
                assertThat(UnixPeerCredentials.of(channel, Moment.EVERY_READ)
                                .orElseThrow()
                                .uid())
                        .isEqualTo(first.longValue());
            } else if (!oneSender) {
                assertThat(UnixPeerCredentials.of(channel, Moment.EVERY_READ).absence())
                        .isPresent();
            }
            if (!over && oneSender && first == null) {
                expected.add("CLOSED");
            }
            channel.finishAndReleaseAll();
        }

        /** What a transport does when there is something to be read. */
        private void burst() {
            handle.reset(channel.config());
            do {
                if (random.nextInt(10) == 0) {
                    slipIn();
                }
                ByteBuf bytes = handle.allocate(channel.alloc());
                read(bytes);
                handle.attemptedBytesRead(bytes.capacity());
                handle.lastBytesRead(bytes.readableBytes());
                if (!bytes.isReadable()) {
                    bytes.release();
                    break;
                }
                handle.incMessagesRead(1);
                expect(bytes.toString(StandardCharsets.US_ASCII));
                channel.pipeline().fireChannelRead(bytes);
                slipIn();
            } while (!over && handle.continueReading(random::nextBoolean) && random.nextInt(10) > 0);
            handle.readComplete();
            channel.pipeline().fireChannelReadComplete();
        }

        /** recvmsg(2) with SO_PASSCRED: it ends where the sender changes. */
        private void read(ByteBuf bytes) {
            Integer who = queue.peek();
            while (bytes.isWritable() && who != null && who.equals(queue.peek())) {
                bytes.writeByte(queue.remove() == 1000 ? 'a' : 'b');
            }
        }

        /** The model. */
        private void expect(String bytes) {
            if (looked == null) {
                expected.add("RACED");
                over = true;
                return;
            }
            if (oneSender && first == null) {
                first = looked;
                expected.add("Captured " + first);
            }
            if (oneSender && !looked.equals(first)) {
                expected.add("DIFFERING");
                over = true;
                return;
            }
            expected.add((bytes.startsWith("a") ? 1000 : 1001) + " sent " + bytes);
        }

        private final class Witness extends ChannelInboundHandlerAdapter {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                PeerCredentialsResult from = msg instanceof AttestedBytes envelope
                        ? envelope.credentials()
                        : UnixPeerCredentials.of(ctx.channel(), Moment.EVERY_READ);
                ByteBuf bytes = msg instanceof AttestedBytes envelope ? envelope.content() : (ByteBuf) msg;
                assertThat(msg instanceof AttestedBytes).isNotEqualTo(plainBytes);
                seen.add(from.orElseThrow().uid() + " sent " + bytes.toString(StandardCharsets.US_ASCII));
                bytes.release();
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                if (evt instanceof PeerCredentialsEvent.Captured event) {
                    seen.add("Captured " + event.result().uid());
                } else if (evt instanceof PeerCredentialsEvent.Refused event) {
                    seen.add(event.result().reason().name());
                }
            }
        }
    }
}
