// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Fast, slow, dripping, closing, silent and hostile clients of several users at once: no wrong id, no lost byte, no lost descriptor.
 * The kinds are those of {@code mix} in peer.c.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractFirstReadLoadTest {
    private static final long[] UIDS = {0, 1000, 65534, 2147483648L, 4294967290L};
    private static final int EACH = 10_000;
    private static final int KINDS = 8;
    private static final int MESSAGE_LENGTH = 16;
    private static final Set<Integer> OF_DATA = Set.of(0, 1, 2, 3, 5);
    private static final int OUT_OF_BAND = 6;

    private final AtomicInteger ended = new AtomicInteger();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final Map<Integer, AtomicInteger> captured = new ConcurrentHashMap<>();
    private final Map<AbsenceReason, AtomicInteger> refused = new ConcurrentHashMap<>();

    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    @Test
    void firstReads_of50000ClientsOfAllKinds_haveTheirSenders() {
        AtomicInteger accepted = new AtomicInteger();
        try (TestServer server = TestServer.start(
                transport(),
                PeerCredentialsAcceptHandler.builder().firstRead().build(),
                child -> prepare(child, accepted.incrementAndGet()))) {
            run(server, 80); // opens what stays open: event loops, selectors, class files
            long before = Descriptors.settled();
            captured.clear();
            refused.clear();
            run(server, EACH);
            await().atMost(60, TimeUnit.SECONDS).until(() -> Descriptors.open() <= before);
        }
        assertThat(faults).isEmpty();
        int ofAKind = UIDS.length * EACH / KINDS;
        for (int kind : OF_DATA) {
            assertThat(captured.get(kind)).as("captured of kind %d", kind).hasValue(ofAKind);
        }
        // Silent ones are closed by whichever is first; of those with out-of-band data some may be refused as raced, by
        // io_uring.
        int others = count(refused, AbsenceReason.NO_DATA)
                + count(refused, AbsenceReason.TIMED_OUT)
                + count(refused, AbsenceReason.RACED)
                + count(captured, OUT_OF_BAND);
        assertThat(count(refused, AbsenceReason.NO_DATA)).isGreaterThanOrEqualTo(ofAKind);
        assertThat(count(refused, AbsenceReason.RACED)).isLessThanOrEqualTo(ofAKind);
        assertThat(others).as("refused: %s", new TreeMap<>(refused)).isEqualTo(3 * ofAKind);
    }

    private static <K> int count(Map<K, AtomicInteger> counts, K key) {
        AtomicInteger count = counts.get(key);
        return count == null ? 0 : count.get();
    }

    private void run(TestServer server, int each) {
        ended.set(0);
        List<Peer> peers = new ArrayList<>();
        try {
            for (long uid : UIDS) {
                peers.add(Peer.start(Peer.as(uid, uid, "-", "mix", server.path(), Integer.toString(each))));
            }
            peers.forEach(peer -> assertThat(peer.exit(120)).isZero());
            await().atMost(60, TimeUnit.SECONDS).until(() -> ended.get() == UIDS.length * each);
        } finally {
            peers.forEach(Peer::close);
        }
    }

    private void prepare(Channel child, int number) {
        PeerCredentialsHandler.Builder handler = PeerCredentialsHandler.builder()
                .connectAndFirstRead()
                .refuseDiffering()
                .deadline(Duration.ofSeconds(1));
        if (number % 3 == 0) {
            handler.process().senderProcess();
        }
        child.pipeline().addLast(handler.build(), new Checker());
    }

    /** Compares, when its channel ends, what was sent with what was captured. */
    private final class Checker extends ChannelInboundHandlerAdapter {
        private final ByteBuf bytes = Unpooled.buffer(MESSAGE_LENGTH);
        private final List<PeerCredentialsEvent> events = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerCredentialsEvent event) {
                events.add(event);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            bytes.writeBytes((ByteBuf) msg);
            ((ByteBuf) msg).release();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            String fault = check(ctx.channel());
            if (fault != null) {
                faults.add(fault + ": " + events + ", " + bytes.readableBytes() + " bytes");
            }
            ended.incrementAndGet();
        }

        private @Nullable String check(Channel channel) {
            if (events.size() != 2 || !(events.get(0) instanceof PeerCredentialsEvent.Captured connect)) {
                return "not captured at connect and then decided";
            }
            if (events.get(1).result() instanceof Absence absence) {
                refused.computeIfAbsent(absence.reason(), reason -> new AtomicInteger())
                        .incrementAndGet();
                return bytes.isReadable() ? "bytes of a refused peer got through" : null;
            }
            UnixPeerCredentials sender =
                    UnixPeerCredentials.of(channel, Moment.FIRST_READ).orElseThrow();
            int[] message = new int[MESSAGE_LENGTH / Integer.BYTES];
            if (bytes.readableBytes() != MESSAGE_LENGTH) {
                return "lost or too many bytes";
            }
            for (int i = 0; i < message.length; i++) {
                message[i] = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? bytes.readIntLE() : bytes.readInt();
            }
            if (message[3] != ~(message[0] ^ message[1] ^ message[2])) {
                return "changed bytes";
            }
            if (sender.uid() != Integer.toUnsignedLong(message[0])
                    || sender.pid().orElse(0) != message[1]
                    || connect.result().uid() != sender.uid()) {
                return "wrong id";
            }
            captured.computeIfAbsent(message[2] % KINDS, kind -> new AtomicInteger())
                    .incrementAndGet();
            return null;
        }
    }
}
