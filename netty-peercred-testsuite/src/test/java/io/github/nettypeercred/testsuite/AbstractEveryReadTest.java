// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.AttestedBytes;
import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.PeerProcess;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What it must be on every transport to know the sender of each read; the senders are other processes under other ids. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractEveryReadTest {
    private static final int BURST = 5_000;

    abstract TestTransport transport();

    /** A group of one event loop that counts how often it had anything to do. */
    abstract EventLoopGroup newGroup(AtomicLong wakeUps);

    /** Whether Netty heeds ALLOW_HALF_CLOSURE on this transport's domain sockets. */
    boolean knowsHalfClosure() {
        return true;
    }

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    static EveryReadHandler.Builder oneSender() {
        return EveryReadHandler.builder();
    }

    static EveryReadHandler.Builder anySender() {
        return EveryReadHandler.builder().allowSenderChange();
    }

    /** A server whose accepted sockets inherit SO_PASSCRED. */
    TestServer start(EveryReadHandler.Builder handler) {
        return start(child -> child.pipeline().addLast(handler.build()));
    }

    TestServer start(Consumer<Channel> pipeline) {
        return TestServer.start(
                transport(), PeerCredentialsAcceptHandler.builder().firstRead().build(), pipeline);
    }

    static UnixPeerCredentials captured(TestServer server) {
        TestServer.Seen seen = server.next();
        assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Captured.class);
        UnixPeerCredentials credentials = ((PeerCredentialsEvent.Captured) seen.what()).result();
        assertThat(credentials.source().moment()).isEqualTo(Moment.EVERY_READ);
        assertThat(UnixPeerCredentials.of(seen.channel(), Moment.EVERY_READ)).isSameAs(credentials);
        return credentials;
    }

    static void assertRefused(TestServer server, AbsenceReason reason, String message) {
        TestServer.Seen seen = server.next();
        assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Refused.class);
        PeerCredentialsEvent.Refused refused = (PeerCredentialsEvent.Refused) seen.what();
        assertThat(refused.result().reason()).isEqualTo(reason);
        assertThat(refused.result().message()).contains(message);
        assertThat(seen.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                .isTrue();
    }

    static void assertNext(TestServer server, String what) {
        assertThat(server.next().what()).isEqualTo(what);
    }

    /** A script that connects and writes as root, and once told to goes on, as another user, on the same socket. */
    static String[] changing(TestServer server, String first, long uid, String then) {
        String id = Long.toString(uid);
        return new String[] {
            "connect", server.path(), "write", first, "await", "pass", "uid", id, id, id, "write", then, "drain"
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1000, 65534, 2147483648L, 4294967290L})
    void ids_ofAnotherProcess_areExact(long id) {
        try (TestServer server = start(oneSender());
                Peer peer = Peer.start(Peer.as(
                        id, id, "10,20", "connect", server.path(), "write", "x", "await", "write", "y", "await"))) {
            assertNext(server, "active");
            UnixPeerCredentials credentials = captured(server);
            assertThat(credentials.uid()).isEqualTo(id);
            assertThat(credentials.gid()).isEqualTo(id);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertThat(credentials.source().mechanism()).isEqualTo(Mechanism.SCM_CREDENTIALS);
            assertThat(credentials.source().ids()).isEqualTo(Ids.SENDER_CHOSEN);
            assertThat(AbstractConnectTest.reason(credentials.groups())).isEqualTo(AbsenceReason.UNSUPPORTED);
            assertThat(AbstractConnectTest.reason(credentials.label())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertNext(server, id + " sent x");
            peer.go();
            TestServer.Seen last = server.next();
            assertThat(last.what()).isEqualTo(id + " sent y");
            assertThat(UnixPeerCredentials.of(last.channel(), Moment.EVERY_READ))
                    .isSameAs(credentials);
            assertThat(AbstractConnectTest.reasonOf(last.channel(), Moment.FIRST_READ))
                    .isEqualTo(AbsenceReason.NOT_CAPTURED);
        }
    }

    @Test
    void ids_withoutAcceptHandler_areExact() {
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                        .addLast(oneSender().build()));
                Peer peer = Peer.start(
                        Peer.as(1000, 1001, "-", "connect", server.path(), "await", "write", "x", "await"))) {
            assertNext(server, "active");
            peer.go();
            assertThat(captured(server).gid()).isEqualTo(1001);
            assertNext(server, "1000 sent x");
        }
    }

    @Test
    void anotherSender_closesTheChannel_andSendsNothing() {
        for (boolean plain : new boolean[] {false, true}) {
            try (TestServer server = start(plain ? oneSender().plainBytes() : oneSender());
                    Peer peer = Peer.start(changing(server, "mine", 2000, "other"))) {
                assertNext(server, "active");
                UnixPeerCredentials first = captured(server);
                TestServer.Seen read = server.next();
                assertThat(read.what()).isEqualTo(plain ? "read mine" : "0 sent mine");
                peer.go();
                assertRefused(server, AbsenceReason.DIFFERING, "uid 0 sent at first, 2000 now, pid");
                assertNext(server, "inactive");
                assertThat(server.sawNothingMore()).isTrue();
                assertThat(UnixPeerCredentials.of(read.channel(), Moment.EVERY_READ))
                        .isSameAs(first);
                assertThat(peer.line()).isEqualTo("0");
            }
        }
    }

    @Test
    void anotherProcessOfTheSameUser_isAnotherSender() {
        try (TestServer server = start(oneSender());
                Peer peer =
                        Peer.start("connect", server.path(), "write", "a", "await", "pass", "write", "b", "drain")) {
            assertNext(server, "active");
            captured(server);
            assertNext(server, "0 sent a");
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "changed: pid " + peer.pid() + " sent at first");
        }
    }

    @Test
    void anotherGroup_isAnotherSender() {
        try (TestServer server = start(oneSender());
                Peer peer = Peer.start(
                        "connect", server.path(), "write", "a", "await", "gid", "7", "7", "7", "write", "b", "drain")) {
            assertNext(server, "active");
            captured(server);
            assertNext(server, "0 sent a");
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "changed: gid 0 sent at first, 7 now");
        }
    }

    @Test
    void anotherSender_whereAllowed_isNamedByItsEnvelope_andNobodyIsStored() {
        try (TestServer server = start(anySender());
                Peer peer = Peer.start(changing(server, "mine", 4294967290L, "other"))) {
            assertNext(server, "active");
            TestServer.Seen read = server.next();
            assertThat(read.what()).isEqualTo("0 sent mine");
            peer.go();
            assertNext(server, "4294967290 sent other");
            var none = UnixPeerCredentials.of(read.channel(), Moment.EVERY_READ)
                    .absence()
                    .orElseThrow();
            assertThat(none.reason()).isEqualTo(AbsenceReason.NOT_CAPTURED);
            assertThat(none.message()).contains("AttestedBytes");
        }
    }

    /** How a server reads in the test of two writers at once. */
    enum Reading {
        AS_NETTY_DOES,
        ONE_MESSAGE,
        ONE_BYTE,
        NOW_AND_THEN
    }

    /** Messages of a writer, its longest message, every how many has a descriptor, how the server reads. */
    @ParameterizedTest
    @CsvSource({
        "20000, 200, 0, AS_NETTY_DOES",
        "20000, 1, 0, AS_NETTY_DOES",
        "16, 1048576, 0, AS_NETTY_DOES",
        "5000, 200, 7, AS_NETTY_DOES",
        "20000, 300, 0, ONE_MESSAGE",
        "2000, 40, 0, ONE_BYTE",
        "5000, 1000, 0, NOW_AND_THEN"
    })
    void bytesOfTwoWhoWriteAtOnce_areEachInAnEnvelopeOfItsSender(int count, int length, int every, Reading reading) {
        BlockingQueue<Verifier> verifiers = new LinkedBlockingQueue<>();
        try (TestServer server = start(child -> {
            switch (reading) {
                case AS_NETTY_DOES -> {}
                case ONE_MESSAGE -> child.config().setOption(ChannelOption.MAX_MESSAGES_PER_READ, 1);
                case ONE_BYTE ->
                    child.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(1).maxMessagesPerRead(16));
                case NOW_AND_THEN -> child.config().setAutoRead(false);
            }
            Verifier verifier = new Verifier(reading == Reading.NOW_AND_THEN);
            child.pipeline().addLast(anySender().admitDescriptors().build(), verifier);
            verifiers.add(verifier);
        })) {
            long before = Descriptors.open();
            try (Peer peer = Peer.start(
                    "connect",
                    server.path(),
                    "writers",
                    Integer.toString(count),
                    Integer.toString(length),
                    Integer.toString(every),
                    "1000",
                    "4294967290")) {
                await().atMost(150, TimeUnit.SECONDS).until(() -> !verifiers.isEmpty() && verifiers.peek().ended);
                assertThat(peer.exit()).isZero();
            }
            Verifier verifier = verifiers.remove();
            long expected = 0;
            for (int i = 0; i < count; i++) {
                expected += 1 + (long) i * 7919 % length;
            }
            assertThat(verifier.complaints).isEmpty();
            assertThat(verifier.bytes).containsExactly(expected, expected);
            assertThat(verifier.changes).as("how often the sender changed").isPositive();
            await().atMost(30, TimeUnit.SECONDS).until(() -> Descriptors.open() <= before);
        }
    }

    /** Checks that each byte stands under the user who sent it, and that of each user none is lost or out of order. */
    private static final class Verifier extends ChannelInboundHandlerAdapter {
        private static final List<Long> USERS = List.of(1000L, 4294967290L);

        private final boolean readsItself;
        private final List<String> complaints = new ArrayList<>();
        private final long[] bytes = new long[2];
        private int changes;
        private int last = -1;
        private volatile boolean ended;

        Verifier(boolean readsItself) {
            this.readsItself = readsItself;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            readAgain(ctx, 0);
        }

        /** Reads at moments of its own, and not when Netty has said that a read is complete. */
        private void readAgain(ChannelHandlerContext ctx, int turn) {
            if (readsItself && ctx.channel().isActive()) {
                ctx.read();
                int pause = turn * 7919 % 5;
                if (pause == 0) {
                    ctx.executor().execute(() -> readAgain(ctx, turn + 1));
                } else {
                    ctx.executor().schedule(() -> readAgain(ctx, turn + 1), pause * 20L, TimeUnit.MICROSECONDS);
                }
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            AttestedBytes envelope = (AttestedBytes) msg;
            int user = USERS.indexOf(envelope.credentials().orElseThrow().uid());
            ByteBuf content = envelope.content();
            while (user >= 0 && content.isReadable()) {
                int seen = content.readUnsignedByte();
                int expected = user << 6 | (int) (bytes[user]++ & 63);
                if (seen != expected && complaints.size() < 10) {
                    complaints.add(envelope.credentials() + ": " + seen + " in place of " + expected);
                }
            }
            if (user < 0) {
                complaints.add("nobody expected " + envelope.credentials());
            }
            if (last != -1 && last != user) {
                changes++;
            }
            last = user;
            envelope.release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            complaints.add(evt.toString());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            complaints.add(cause.toString());
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            ended = true;
        }
    }

    @Test
    void rootThatNamesOthers_isAsManySenders() {
        try (TestServer server = start(anySender());
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "sendas",
                        "4294967290",
                        "2147483648",
                        "a",
                        "sendas",
                        "1000",
                        "1000",
                        "b",
                        "write",
                        "c",
                        "sendas",
                        "1000",
                        "1000",
                        "d",
                        "await")) {
            assertNext(server, "active");
            assertNext(server, "4294967290 sent a");
            assertNext(server, "1000 sent b");
            assertNext(server, "0 sent c");
            assertNext(server, "1000 sent d");
            assertThat(peer.line()).isEqualTo("0");
        }
    }

    @Test
    void clientsThatWriteAndCloseAtOnce_areAllKnown() {
        AtomicInteger right = new AtomicInteger();
        AtomicInteger others = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        AtomicLong sum = new AtomicLong();
        try (TestServer server = start(
                        child -> child.pipeline().addLast(oneSender().build(), new ChannelInboundHandlerAdapter() {
                            private final ByteBuf all = Unpooled.buffer(8);

                            @Override
                            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                                (evt instanceof PeerCredentialsEvent.Captured ? right : others).incrementAndGet();
                            }

                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                AttestedBytes bytes = (AttestedBytes) msg;
                                if (bytes.credentials().orElseThrow().uid() == 4294967290L) {
                                    all.writeBytes(bytes.content());
                                }
                                bytes.release();
                            }

                            @Override
                            public void channelInactive(ChannelHandlerContext ctx) {
                                if (all.readableBytes() == 8) {
                                    int number = all.readIntLE();
                                    sum.addAndGet(number == ~all.readIntLE() ? number : Integer.MIN_VALUE);
                                }
                                closed.incrementAndGet();
                            }
                        }));
                Peer peer =
                        Peer.start(Peer.as(4294967290L, 1000, "-", "burst", server.path(), Integer.toString(BURST)))) {
            await().atMost(90, TimeUnit.SECONDS).until(() -> closed.get() == BURST);
            assertThat(peer.exit()).isZero();
            assertThat(others).hasValue(0);
            assertThat(right).hasValue(BURST);
            assertThat(sum).hasValue(BURST * (BURST - 1L) / 2);
        }
    }

    @Test
    void dataOfPeerThatExitedBeforeAccept_hasItsSender() throws Exception {
        try (TestServer server = start(oneSender())) {
            CountDownLatch released = new CountDownLatch(1);
            server.channel().eventLoop().execute(() -> {
                try {
                    assertThat(released.await(30, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "write", "bye"));
            assertThat(peer.exit()).isZero();
            released.countDown();
            assertNext(server, "active");
            assertThat(captured(server).pid()).hasValue(peer.pid());
            assertNext(server, "1000 sent bye");
            assertNext(server, "inactive");
        }
    }

    @Test
    void endOfStreamOnly_isNobody() {
        try (TestServer server = start(oneSender());
                Peer peer = Peer.start("connect", server.path())) {
            assertThat(peer.exit()).isZero();
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.NO_DATA, "ended before its first byte");
            assertNext(server, "inactive");
        }
        try (TestServer server = start(oneSender().admitAbsent());
                Peer peer = Peer.start("connect", server.path())) {
            assertThat(peer.exit()).isZero();
            assertNext(server, "active");
            TestServer.Seen seen = server.next();
            assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Admitted.class);
            assertThat(AbstractConnectTest.reasonOf(seen.channel(), Moment.EVERY_READ))
                    .isEqualTo(AbsenceReason.NO_DATA);
            assertNext(server, "inactive");
        }
        try (TestServer server = start(anySender());
                Peer peer = Peer.start("connect", server.path())) {
            assertThat(peer.exit()).isZero();
            assertNext(server, "active");
            assertNext(server, "inactive");
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void halfClosure_comesAfterTheLastByte() {
        BlockingQueue<Object> shutdowns = new LinkedBlockingQueue<>();
        try (TestServer server = start(child -> {
                    child.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                    child.pipeline().addLast(anySender().build(), new ChannelInboundHandlerAdapter() {
                        @Override
                        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                            if (evt instanceof ChannelInputShutdownEvent) {
                                shutdowns.add(evt);
                                ctx.writeAndFlush(Unpooled.copiedBuffer(new byte[] {1, 2, 3, 4}))
                                        .addListener(done -> ctx.close());
                            }
                            ctx.fireUserEventTriggered(evt);
                        }
                    });
                });
                Peer peer = Peer.start(
                        Peer.as(1000, 1000, "-", "connect", server.path(), "write", "x", "shutdown", "drain"))) {
            assertNext(server, "active");
            assertNext(server, "1000 sent x");
            assertNext(server, "inactive");
            assertThat(peer.line()).isEqualTo(knowsHalfClosure() ? "4" : "0");
            assertThat(shutdowns).hasSize(knowsHalfClosure() ? 1 : 0);
        }
    }

    @Test
    void outOfBandByte_betweenTwoSenders_joinsThemNot_andWakesNobodyTwice() throws Exception {
        AtomicLong wakeUps = new AtomicLong();
        EventLoopGroup children = newGroup(wakeUps);
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder().firstRead().build(),
                        children,
                        child -> child.pipeline().addLast(anySender().build()));
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "write",
                        "a",
                        "oob",
                        "await",
                        "pass",
                        "uid",
                        "2000",
                        "2000",
                        "2000",
                        "write",
                        "b",
                        "say",
                        "sent",
                        "await")) {
            assertNext(server, "active");
            assertNext(server, "0 sent a");
            Thread.sleep(300);
            // accept, "a", the out-of-band byte, and what Netty may do once more with each
            assertThat(wakeUps.get()).isLessThan(20);
            peer.go();
            assertThat(peer.line()).isEqualTo("sent");
            TestServer.Seen seen = server.next();
            if (seen.what() instanceof PeerCredentialsEvent.Refused refused) {
                // io_uring has a read in flight by then, into which nobody can look.
                assertThat(refused.result().reason()).isEqualTo(AbsenceReason.RACED);
                assertThat(transport()).isInstanceOf(TestTransport.IoUring.class);
            } else {
                assertThat(seen.what()).isEqualTo("2000 sent b");
            }
            Thread.sleep(300);
            assertThat(wakeUps.get()).isLessThan(30);
        } finally {
            children.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void outOfBandByte_amongWhatIsThere_joinsNobody() {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline().addLast(anySender().build());
                });
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "write",
                        "a",
                        "oob",
                        "pass",
                        "uid",
                        "2000",
                        "2000",
                        "2000",
                        "write",
                        "b",
                        "oob",
                        "write",
                        "c",
                        "say",
                        "sent",
                        "await")) {
            assertThat(peer.line()).isEqualTo("sent");
            Channel channel = server.next().channel();
            StringBuilder all = new StringBuilder();
            while (all.indexOf("c") < 0) {
                channel.read();
                all.append(server.next().what());
            }
            // A kernel may let the out-of-band byte that another replaced in as data: under its sender.
            assertThat(all.toString()).startsWith("0 sent a").doesNotContain("Refused");
            assertThat(all.toString().replace("2000 sent ", "").replace("o", ""))
                    .isEqualTo("0 sent abc");
        }
    }

    @Test
    void silentPeer_meetsTheDeadline_andOneThatHasSentMayBeSilent() throws Exception {
        for (EveryReadHandler.Builder builder : List.of(oneSender(), anySender())) {
            try (TestServer server = start(builder.deadline(Duration.ofMillis(200)));
                    Peer silent = Peer.start("connect", server.path(), "drain")) {
                assertNext(server, "active");
                assertRefused(server, AbsenceReason.TIMED_OUT, "PT0.2S");
                assertThat(silent.line()).isEqualTo("0");
                assertNext(server, "inactive");
                try (Peer peer = Peer.start("connect", server.path(), "write", "x", "await", "write", "y", "await")) {
                    assertNext(server, "active");
                    for (Object seen = ""; !seen.equals("0 sent x"); ) {
                        seen = server.next().what();
                    }
                    Thread.sleep(400);
                    peer.go();
                    assertNext(server, "0 sent y");
                }
            }
        }
    }

    @Test
    void passedDescriptors_leaveNoneOpen_alsoWhenLooksForTheProcessMeetThem() {
        for (EveryReadHandler.Builder builder : List.of(
                anySender(),
                anySender().senderLabel().senderProcess(),
                oneSender().senderProcess())) {
            try (TestServer server = start(builder.admitDescriptors())) {
                connectAndPass(server); // opens what stays open
                long before = Descriptors.open();
                for (int i = 0; i < 10; i++) {
                    connectAndPass(server);
                }
                await().atMost(30, TimeUnit.SECONDS).until(() -> Descriptors.open() <= before);
            }
        }
    }

    private static void connectAndPass(TestServer server) {
        try (Peer peer = Peer.start(
                Peer.as(1000, 1000, "-", "connect", server.path(), "sendpair", "write", "x", "sendpair", "sendpair"))) {
            assertThat(peer.exit()).isZero();
            assertNext(server, "active");
            StringBuilder all = new StringBuilder();
            for (Object seen = "";
                    !seen.equals("inactive");
                    seen = server.next().what()) {
                if (seen instanceof String text) {
                    all.append(text);
                }
            }
            assertThat(all.toString().replace("1000 sent ", "")).isEqualTo("fxff");
        }
    }

    @Test
    void senderProcess_ofAnEnvelope_closesWithItsLastRelease() {
        BlockingQueue<AttestedBytes> envelopes = new LinkedBlockingQueue<>();
        try (TestServer server = start(child ->
                        child.pipeline().addLast(anySender().senderProcess().build(), new Keeper(envelopes)));
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "write", "x", "await"))) {
            AttestedBytes envelope = next(envelopes);
            PeerProcess process = envelope.credentials().orElseThrow().process().orElseThrow();
            assertThat(process.isAlive()).isTrue();
            AttestedBytes duplicate = envelope.retainedDuplicate();
            AttestedBytes copy = envelope.copy();
            ByteBuf kept = envelope.content().retain();
            assertThat(envelope.refCnt()).isEqualTo(2);
            assertThat(envelope.release()).isFalse();
            assertThat(duplicate.release()).isTrue();
            assertThatThrownBy(envelope::content).isInstanceOf(io.netty.util.IllegalReferenceCountException.class);
            assertThat(process.isAlive()).as("a copy is there").isTrue();
            assertThat(copy.content().readByte()).isEqualTo((byte) 'x');
            assertThat(copy.release()).isTrue();
            assertThatThrownBy(process::isAlive).isInstanceOf(AbsentException.class);
            assertThat(kept.readByte()).isEqualTo((byte) 'x');
            assertThat(kept.release()).isTrue();
            assertThat(peer.pid()).isPositive();
        }
    }

    @Test
    void senderProcess_ofTheOneSender_closesWithTheChannel() {
        try (TestServer server = start(oneSender().senderProcess());
                Peer peer = Peer.start(Peer.as(
                        1000, 1000, "-", "connect", server.path(), "write", "x", "await", "write", "y", "await"))) {
            assertNext(server, "active");
            PeerProcess process = captured(server).process().orElseThrow();
            assertNext(server, "1000 sent x");
            long open = Descriptors.open();
            peer.go();
            TestServer.Seen seen = server.next();
            assertThat(seen.what()).isEqualTo("1000 sent y");
            assertThat(Descriptors.open()).isEqualTo(open);
            assertThat(process.isAlive()).isTrue();
            seen.channel().close().syncUninterruptibly();
            await().atMost(30, TimeUnit.SECONDS)
                    .untilAsserted(() -> assertThatThrownBy(process::isAlive).isInstanceOf(AbsentException.class));
        }
    }

    private static <T> T next(BlockingQueue<T> queue) {
        try {
            return java.util.Objects.requireNonNull(queue.poll(30, TimeUnit.SECONDS), "nothing came");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Keeper extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<AttestedBytes> envelopes;

        Keeper(BlockingQueue<AttestedBytes> envelopes) {
            this.envelopes = envelopes;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            envelopes.add((AttestedBytes) msg);
        }
    }

    @Test
    void connectInFront_isToldApart() {
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                PeerCredentialsHandler.builder().groups().build(),
                                anySender().build()));
                Peer peer = Peer.start(
                        "connect", server.path(), "uid", "1000", "1000", "1000", "write", "dropped", "await")) {
            TestServer.Seen seen = server.next();
            assertThat(((PeerCredentialsEvent.Captured) seen.what()).result().uid())
                    .isZero();
            assertNext(server, "active");
            assertNext(server, "1000 sent dropped");
            assertThat(UnixPeerCredentials.of(seen.channel()).orElseThrow().pid())
                    .hasValue(peer.pid());
            assertThat(UnixPeerCredentials.of(seen.channel(), Moment.EVERY_READ).absence())
                    .isPresent();
        }
    }

    @Test
    void firstReadBeside_isRefused() {
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                PeerCredentialsHandler.builder().firstRead().build(),
                                oneSender().build()));
                Peer peer = Peer.start("connect", server.path(), "offer", "x", "drain")) {
            assertRefused(server, AbsenceReason.FAILED, "another handler looks at the reads");
            assertThat(peer.line()).isEqualTo("0");
        }
    }

    @Test
    void joinedReads_areRefused() throws Exception {
        CountDownLatch firstBytes = new CountDownLatch(1);
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                new AbstractFirstReadTest.JoiningHandler(firstBytes),
                                oneSender().build()));
                Peer peer = Peer.start(changing(server, "evil", 2000, "."))) {
            assertThat(firstBytes.await(30, TimeUnit.SECONDS)).isTrue();
            peer.go();
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.RACED, "join, cut or hold back");
        }
    }

    @Test
    void messageThatIsNoBytes_isRefused() {
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                new ChannelInboundHandlerAdapter() {
                                    @Override
                                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                        ((ByteBuf) msg).release();
                                        ctx.fireChannelRead("decoded");
                                    }
                                },
                                anySender().build()));
                Peer peer = Peer.start("connect", server.path(), "offer", "x", "drain")) {
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.RACED, "java.lang.String");
            assertThat(peer.line()).isEqualTo("0");
        }
    }

    @Test
    void handlerAddedAfterARead_isTooLate() {
        try (TestServer server = start(child -> {});
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await", "write", "y", "await")) {
            assertNext(server, "active");
            Channel channel = server.next().channel();
            channel.eventLoop()
                    .submit(() -> channel.pipeline().addFirst(oneSender().build()))
                    .syncUninterruptibly();
            peer.go();
            assertRefused(server, AbsenceReason.ADDED_LATE, "before its first read");
        }
    }

    @Test
    void handlerRemoved_closesTheChannel() {
        try (TestServer server = start(anySender());
                Peer peer = Peer.start("connect", server.path(), "offer", "x", "drain")) {
            assertNext(server, "active");
            Channel channel = server.next().channel();
            channel.eventLoop()
                    .submit(() -> channel.pipeline().remove(EveryReadHandler.class))
                    .syncUninterruptibly();
            assertThat(peer.line()).isEqualTo("0");
            assertNext(server, "inactive");
        }
    }

    @Test
    void descriptorsMode_isRefused() {
        try (TestServer server = start(child -> {
                    child.config()
                            .setOption(
                                    UnixChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS);
                    child.pipeline().addLast(anySender().build());
                });
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            assertRefused(server, AbsenceReason.FILE_DESCRIPTORS, "DOMAIN_SOCKET_READ_MODE");
            assertThat(peer.line()).isEqualTo("0");
        }
    }

    @Test
    void descriptorsMode_setLater_letsNoneIn() throws Exception {
        try (TestServer server = start(anySender().admitDescriptors());
                Peer peer = Peer.start(
                        "connect", server.path(), "write", "x", "await", "sendpair", "say", "sent", "await")) {
            assertNext(server, "active");
            TestServer.Seen seen = server.next();
            assertThat(seen.what()).isEqualTo("0 sent x");
            long before = Descriptors.open();
            seen.channel()
                    .config()
                    .setOption(UnixChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS);
            peer.go();
            assertThat(peer.line()).isEqualTo("sent");
            Thread.sleep(300);
            // Netty's own recvmsg(2) fails, and it may go on trying, or its message is refused.
            while (!server.sawNothingMore()) {
                Object what = server.next().what();
                assertThat(what.toString()).doesNotStartWith("read").doesNotContain("sent f");
            }
            assertThat(Descriptors.open()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void foreignExecutor_isRefused() {
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        try (TestServer server = start(
                        child -> child.pipeline().addLast(executors, oneSender().build()));
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            assertRefused(server, AbsenceReason.FOREIGN_EXECUTOR, "without an executor");
            assertThat(peer.line()).isEqualTo("0");
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void errorOfTheSocket_isPassedOn_andClosesTheChannel() throws Exception {
        BlockingQueue<Throwable> caught = new LinkedBlockingQueue<>();
        CountDownLatch written = new CountDownLatch(1);
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline().addLast(anySender().build(), new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelActive(ChannelHandlerContext ctx) {
                            ctx.writeAndFlush(Unpooled.copiedBuffer(new byte[] {1}))
                                    .addListener(done -> written.countDown());
                            ctx.fireChannelActive();
                        }

                        @Override
                        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                            caught.add(cause);
                        }
                    });
                });
                Peer peer = Peer.start("connect", server.path(), "write", "last", "await")) {
            Channel channel = server.next().channel();
            assertThat(written.await(30, TimeUnit.SECONDS)).isTrue();
            peer.go();
            assertThat(peer.exit()).isZero();
            channel.read();
            assertNext(server, "0 sent last");
            channel.read();
            assertThat(caught.poll(30, TimeUnit.SECONDS))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("recvmsg");
            assertNext(server, "inactive");
        }
    }

    /** See {@link NamespaceTest}. */
    @Test
    void server_inNamespacesThatMapRootOnly_takesNobodyElseForAnybody() {
        assumeTrue(transport() == TestTransport.EPOLL, "left out: the server in namespaces is one on epoll");
        Path path = TestServer.newPath();
        try (Peer server = NamespaceTest.startServer(path, "every-read")) {
            try (Peer peer = Peer.start(
                    "connect", path.toString(), "await", "write", "a", "await", "sendas", "1000", "0", "b", "drain")) {
                peer.go();
                assertThat(server.line())
                        .isEqualTo("uid=0 gid=0 source=SCM_CREDENTIALS/EVERY_READ/SENDER_CHOSEN pid=OptionalInt.empty");
                peer.go();
                assertThat(server.line()).isEqualTo("UNMAPPED");
                assertThat(peer.line()).isEqualTo("0");
            }
        }
    }

    @Test
    void optionsThatContradictEachOther_areNotBuilt() {
        assertThatThrownBy(() -> anySender().plainBytes().build()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> oneSender().deadline(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void descriptors_areEpermToWhoPassesThem() {
        try (TestServer server = start(anySender());
                Peer peer = Peer.start(Peer.as(
                        1000,
                        1000,
                        "-",
                        "connect",
                        server.path(),
                        "write",
                        "a",
                        "await",
                        "passmany",
                        "1",
                        "1",
                        "b",
                        "write",
                        "c",
                        "await"))) {
            assertNext(server, "active");
            assertNext(server, "1000 sent a");
            peer.go();
            String failed = peer.line();
            assumeTrue(!failed.equals("0 0"), "left out: this kernel has no SO_PASSRIGHTS");
            assertThat(failed).isEqualTo("1 1");
            assertNext(server, "1000 sent c");
        }
    }
}
