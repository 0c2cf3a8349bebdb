// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The handler on an executor of its own. The test's thread is the event loop, whose tasks run only when it says so; what is
 * asked of it meanwhile waits.
 */
@Tag("netty-4.1")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PeerCredentialsHandlerExecutorTest {
    private static final PretendedPeer PEER = PretendedPeer.of(1000, 100);
    private static final PretendedPeer ABSENT =
            PretendedPeer.absent(new Absence(AbsenceReason.NOT_CONNECTED, "a test"));

    private final DefaultEventExecutorGroup group = new DefaultEventExecutorGroup(1);
    private final EventExecutor executor = group.next();
    private final Recorder recorder = new Recorder();
    private final PeerCredentialsHandler handler = new PeerCredentialsHandler();
    private final CountsReads front = new CountsReads();

    /** Stands in front, on the event loop, and lets no read and no close through. */
    private static final class CountsReads extends ChannelOutboundHandlerAdapter {
        private volatile int reads;
        private volatile int closes;

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
        public void read(ChannelHandlerContext ctx) {
            reads++;
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            closes++;
            ctx.close(promise);
        }
    }

    @AfterEach
    void shutDown() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    /** A channel whose handler and recorder are on the executor. */
    private ConnectableChannel channel(PretendedPeer peer, PeerCredentialsHandler onExecutor) {
        ConnectableChannel channel = ConnectableChannel.with(peer, front);
        channel.pipeline().addLast(executor, "capture", onExecutor);
        channel.pipeline().addLast(executor, "recorder", recorder);
        drain();
        return channel;
    }

    /** Waits until the executor has done all it has. */
    private void drain() {
        executor.submit(() -> {}).syncUninterruptibly();
    }

    /** Lets the event loop do what it has, then the executor, and so on until nothing is left. */
    private void settle(EmbeddedChannel channel) {
        for (int i = 0; i < 4; i++) {
            drain();
            channel.runPendingTasks();
        }
        drain();
    }

    @Test
    void events_duringTheCapture_waitAndKeepTheirOrder() {
        ConnectableChannel channel = channel(PEER, handler);
        channel.connect();
        channel.pipeline().fireChannelRead(bytes("1"));
        channel.pipeline().fireUserEventTriggered("2");
        channel.pipeline().fireChannelReadComplete();
        channel.pipeline().fireChannelWritabilityChanged();
        channel.pipeline().fireExceptionCaught(new IllegalStateException("3"));
        channel.pipeline().fireChannelRead(bytes("4"));
        channel.pipeline().read();
        drain();
        assertThat(recorder.seen()).isEmpty();
        settle(channel);
        assertThat(recorder.seen())
                .containsExactly(
                        "Captured 1000",
                        "active",
                        "read 1",
                        "event 2",
                        "complete",
                        "writability",
                        "exception 3",
                        "read 4");
        assertThat(front.reads).isOne();
        // It stays, and passes everything on.
        assertThat(channel.pipeline().get("capture")).isNotNull();
        channel.pipeline().fireChannelRead(bytes("5"));
        channel.pipeline().read();
        settle(channel);
        assertThat(recorder.seen()).endsWith("read 5");
        assertThat(front.reads).isEqualTo(2);
    }

    @Test
    void read_duringTheCapture_waits() {
        ConnectableChannel channel = channel(PEER, handler);
        channel.connect();
        drain();
        channel.pipeline().read();
        drain();
        assertThat(front.reads).isZero();
        settle(channel);
        assertThat(front.reads).isOne();
    }

    @Test
    void absent_releasesWhatWaited() {
        ConnectableChannel channel = channel(ABSENT, handler);
        ByteBuf early = bytes("early");
        ByteBuf event = bytes("event");
        channel.connect();
        channel.pipeline().fireChannelRead(early);
        channel.pipeline().fireUserEventTriggered(event);
        drain();
        assertThat(early.refCnt()).isOne();
        channel.runPendingTasks();
        settle(channel);
        assertThat(recorder.seen()).containsExactly("Refused NOT_CONNECTED");
        assertThat(early.refCnt()).isZero();
        assertThat(event.refCnt()).isZero();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void absent_admitted_passesWhatWaited() {
        ConnectableChannel channel =
                channel(ABSENT, PeerCredentialsHandler.builder().admitAbsent().build());
        channel.connect();
        channel.pipeline().fireChannelRead(bytes("1"));
        settle(channel);
        assertThat(recorder.seen()).containsExactly("Admitted NOT_CONNECTED", "active", "read 1");
    }

    @Test
    void addedLate_capturesAndAnnouncesOnce() {
        EmbeddedChannel channel = new EmbeddedChannel(front);
        PEER.on(channel);
        channel.pipeline().addLast(executor, handler, recorder);
        settle(channel);
        assertThat(recorder.seen()).containsExactly("Captured 1000");
    }

    @Test
    void messageAheadOfTheCapture_isRefused() {
        ConnectableChannel channel = channel(PEER, handler);
        ByteBuf message = bytes("secret");
        channel.pipeline().fireChannelRead(message);
        settle(channel);
        assertThat(recorder.seen()).containsExactly("Refused RACED");
        assertThat(message.refCnt()).isZero();
    }

    @Test
    void removal_duringTheCapture_releasesAndCloses() {
        ConnectableChannel channel = channel(PEER, handler);
        ByteBuf message = bytes("secret");
        ByteBuf event = bytes("event");
        channel.connect();
        channel.pipeline().fireChannelRead(message);
        channel.pipeline().fireUserEventTriggered(event);
        drain();
        channel.pipeline().remove("capture");
        settle(channel);
        assertThat(message.refCnt()).isZero();
        assertThat(event.refCnt()).isZero();
        assertThat(channel.isOpen()).isFalse();
        assertThat(recorder.seen()).doesNotContain("read secret", "active");
    }

    @Test
    void shutDownExecutor_duringTheCapture_releasesAndCloses() {
        ConnectableChannel channel = ConnectableChannel.with(PEER, front);
        channel.pipeline().addLast(executor, "capture", handler);
        // A handler behind, on the same executor, that no close can get through any more.
        channel.pipeline().addLast(executor, "behind", new CountsReads());
        drain();
        ByteBuf message = bytes("secret");
        channel.connect();
        channel.pipeline().fireChannelRead(message);
        drain();
        group.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
        assertThat(message.refCnt()).isOne();
        channel.runPendingTasks();
        assertThat(message.refCnt()).isZero();
        assertThat(front.closes).isOne();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shutDownExecutorOfTheNextHandler_closesARefusedChannel() {
        DefaultEventExecutorGroup other = new DefaultEventExecutorGroup(1);
        ConnectableChannel channel = ConnectableChannel.with(ABSENT, handler);
        channel.pipeline().addLast(other, recorder);
        other.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
        channel.connect();
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void shutDownExecutorOfTheNextHandler_releasesWhatWaitedAndCloses() {
        DefaultEventExecutorGroup other = new DefaultEventExecutorGroup(1);
        ConnectableChannel channel = ConnectableChannel.with(PEER, front);
        channel.pipeline().addLast(executor, "capture", handler);
        channel.pipeline().addLast(other, recorder);
        drain();
        other.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
        ByteBuf message = bytes("secret");
        channel.connect();
        channel.pipeline().fireChannelRead(message);
        settle(channel);
        assertThat(message.refCnt()).isZero();
        assertThat(channel.isOpen()).isFalse();
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Holds the executor up until the channel has been closed, so that it hears of activity and close at once. */
    private void closeBeforeTheExecutorCanAsk(EmbeddedChannel channel, Runnable events) {
        CountDownLatch closed = new CountDownLatch(1);
        executor.execute(() -> awaitLatch(closed));
        events.run();
        channel.unsafe().close(channel.newPromise());
        channel.runPendingTasks();
        closed.countDown();
        settle(channel);
    }

    @Test
    void closeBeforeTheCapture_isAnnouncedAndReleases() {
        ConnectableChannel channel = channel(PEER, handler);
        ByteBuf message = bytes("x");
        closeBeforeTheExecutorCanAsk(channel, () -> {
            channel.connect();
            channel.pipeline().fireChannelRead(message);
        });
        assertThat(recorder.seen()).containsExactly("Refused CLOSED");
        assertThat(message.refCnt()).isZero();
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(recorder.announced());
    }

    @Test
    void inactive_duringTheCapture_isNotLostWhenThePipelineGoes() {
        ConnectableChannel channel = ConnectableChannel.with(PEER, front, recorder);
        channel.connect();
        channel.pipeline().addAfter(executor, channel.pipeline().context(front).name(), "capture", handler);
        drain();
        channel.pipeline().fireChannelInactive();
        drain(); // lest the event find the handler gone already
        channel.pipeline().remove("capture");
        settle(channel);
        assertThat(recorder.seen()).containsExactly("active", "Captured 1000", "inactive");
    }

    @Test
    void closeBeforeTheCapture_ofPeerKnownSinceAccept_losesNothing() {
        ConnectableChannel channel = channel(PEER, handler);
        new EmbeddedChannel(new PeerCredentialsAcceptHandler()).pipeline().fireChannelRead(channel);
        closeBeforeTheExecutorCanAsk(channel, () -> {
            channel.connect();
            channel.pipeline().fireChannelRead(bytes("last words"));
        });
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active", "read last words", "inactive");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void randomEvents_keepTheirOrder(boolean recorderOnExecutor) {
        long first = System.nanoTime();
        for (int i = 0; i < 300; i++) {
            long seed = first + i;
            try {
                randomEvents(new Random(seed), recorderOnExecutor);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private void randomEvents(Random random, boolean recorderOnExecutor) {
        Recorder last = new Recorder();
        CountsReads reads = new CountsReads();
        ConnectableChannel channel = ConnectableChannel.with(PEER, reads);
        channel.pipeline().addLast(executor, "capture", new PeerCredentialsHandler());
        if (recorderOnExecutor) {
            channel.pipeline().addLast(executor, "recorder", last);
        } else {
            channel.pipeline().addLast("recorder", last);
        }
        drain();
        List<String> expected = new ArrayList<>(List.of("Captured 1000", "active"));
        int asked = 0;
        channel.connect();
        for (int step = 0; step < 30; step++) {
            switch (random.nextInt(6)) {
                case 0 -> {
                    channel.pipeline().fireUserEventTriggered(step);
                    expected.add("event " + step);
                }
                case 1 -> {
                    channel.pipeline().fireChannelReadComplete();
                    expected.add("complete");
                }
                case 2 -> {
                    channel.pipeline().read();
                    asked++;
                }
                case 3 -> {
                    // Both wait for each other here, as the queues of an embedded channel belong to one thread.
                    drain();
                    channel.runPendingTasks();
                }
                default -> {
                    channel.pipeline().fireChannelRead(bytes(Integer.toString(step)));
                    expected.add("read " + step);
                }
            }
        }
        settle(channel);
        assertThat(last.seen()).isEqualTo(expected);
        assertThat(reads.reads).isEqualTo(asked);
        channel.close();
        settle(channel);
    }
}
