// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.GoOn;
import io.github.nettypeercred.GoOnServerHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
import org.junit.jupiter.params.provider.ValueSource;

/** What first-read credentials must be on every transport; the peer is another process under other ids. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractFirstReadTest {
    private static final int BURST = 20_000;
    private static final int ECONNRESET = 104;
    private static final String EPERM = "1";

    abstract TestTransport transport();

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

    private static PeerCredentialsHandler.Builder firstRead() {
        return PeerCredentialsHandler.builder().firstRead();
    }

    private static PeerCredentialsHandler.Builder both() {
        return PeerCredentialsHandler.builder().connectAndFirstRead();
    }

    /** A server whose accepted sockets inherit SO_PASSCRED. */
    private TestServer start(PeerCredentialsHandler.Builder handler) {
        return start(child -> child.pipeline().addLast(handler.build()));
    }

    private TestServer start(Consumer<Channel> pipeline) {
        return TestServer.start(
                transport(), PeerCredentialsAcceptHandler.builder().firstRead().build(), pipeline);
    }

    private static UnixPeerCredentials captured(TestServer server, Moment moment) {
        TestServer.Seen seen = server.next();
        assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Captured.class);
        UnixPeerCredentials credentials = ((PeerCredentialsEvent.Captured) seen.what()).result();
        assertThat(UnixPeerCredentials.of(seen.channel(), moment)).isSameAs(credentials);
        assertThat(credentials.source().moment()).isEqualTo(moment);
        return credentials;
    }

    static void assertRefused(TestServer server, AbsenceReason reason, String message) {
        TestServer.Seen seen = server.next();
        assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Refused.class);
        PeerCredentialsEvent.Refused refused = (PeerCredentialsEvent.Refused) seen.what();
        assertThat(refused.result().reason()).isEqualTo(reason);
        assertThat(refused.result().message()).contains(message);
        assertThat(UnixPeerCredentials.of(seen.channel(), Moment.FIRST_READ)).isSameAs(refused.result());
        assertThat(seen.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                .isTrue();
    }

    private static void assertNext(TestServer server, String what) {
        assertThat(server.next().what()).isEqualTo(what);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1000, 65534, 2147483648L, 4294967290L})
    void ids_ofAnotherProcess_areExact(long id) {
        try (TestServer server = start(firstRead());
                Peer peer = Peer.start(
                        Peer.as(id, id, "10,20", "connect", server.path(), "await", "write", "x", "await"))) {
            assertNext(server, "active");
            peer.go();
            UnixPeerCredentials credentials = captured(server, Moment.FIRST_READ);
            assertThat(credentials.uid()).isEqualTo(id);
            assertThat(credentials.gid()).isEqualTo(id);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertThat(credentials.source().mechanism()).isEqualTo(Mechanism.SCM_CREDENTIALS);
            assertThat(credentials.source().ids()).isEqualTo(Ids.SENDER_CHOSEN);
            assertThat(AbstractConnectTest.reason(credentials.groups())).isEqualTo(AbsenceReason.UNSUPPORTED);
            assertThat(AbstractConnectTest.reason(credentials.label())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertThat(AbstractConnectTest.reason(credentials.process())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertNext(server, "read x");
        }
    }

    @Test
    void ids_withoutAcceptHandler_areExact() {
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                        .addLast(firstRead().build()));
                Peer peer = Peer.start(
                        Peer.as(1000, 1001, "-", "connect", server.path(), "await", "write", "x", "await"))) {
            Channel channel = server.next().channel();
            assertThat(UnixPeerCredentials.of(channel).absence()).isPresent();
            peer.go();
            UnixPeerCredentials credentials = captured(server, Moment.FIRST_READ);
            assertThat(credentials.uid()).isEqualTo(1000);
            assertThat(credentials.gid()).isEqualTo(1001);
            assertThat(UnixPeerCredentials.of(channel)).isSameAs(credentials);
            assertThat(UnixPeerCredentials.of(channel, Moment.CONNECT).absence())
                    .isPresent();
            assertNext(server, "read x");
        }
    }

    private static String[] connectDropWrite(String path) {
        return new String[] {"connect", path, "uid", "1000", "1000", "1000", "write", "dropped", "await"};
    }

    @Test
    void connectAndFirstRead_whenPrivilegesAreDroppedBetween_areToldApart() {
        try (TestServer server = start(both().groups());
                Peer peer = Peer.start(connectDropWrite(server.path()))) {
            UnixPeerCredentials connect = captured(server, Moment.CONNECT);
            assertThat(connect.uid()).isZero();
            assertThat(connect.pid()).hasValue(peer.pid());
            assertThat(connect.groups().value()).isPresent();
            assertNext(server, "active");
            UnixPeerCredentials first = captured(server, Moment.FIRST_READ);
            assertThat(first.uid()).isEqualTo(1000);
            assertThat(first.groups().value()).isEmpty();
            TestServer.Seen read = server.next();
            assertThat(read.what()).isEqualTo("read dropped");
            assertThat(UnixPeerCredentials.of(read.channel())).isSameAs(connect);
        }
    }

    @Test
    void refuseDiffering_whenPrivilegesAreDroppedBetween_refusesAndNamesTheUid() {
        try (TestServer server = start(both().refuseDiffering());
                Peer peer = Peer.start(connectDropWrite(server.path()))) {
            assertThat(peer.pid()).isPositive();
            captured(server, Moment.CONNECT);
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.DIFFERING, "bytes: uid 0 connected, 1000 sent");
            assertNext(server, "inactive");
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void refuseDiffering_ofOneAndTheSame_admits() {
        try (TestServer server = start(both().refuseDiffering());
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "write", "x", "await"))) {
            captured(server, Moment.CONNECT);
            assertNext(server, "active");
            assertThat(captured(server, Moment.FIRST_READ).pid()).hasValue(peer.pid());
            assertNext(server, "read x");
        }
    }

    @Test
    void socketThatIsPassedOn_namesTheOneWhoWrites() {
        try (TestServer server = start(both());
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "pass",
                        "uid",
                        "2000",
                        "2000",
                        "2000",
                        "pid",
                        "write",
                        "mine",
                        "await")) {
            assertThat(captured(server, Moment.CONNECT).pid()).hasValue(peer.pid());
            assertNext(server, "active");
            UnixPeerCredentials first = captured(server, Moment.FIRST_READ);
            assertThat(first.uid()).isEqualTo(2000);
            assertThat(first.pid()).hasValue(Integer.parseInt(peer.line()));
            assertNext(server, "read mine");
        }
    }

    @Test
    void rootThatNamesAnother_isShownAsThat_andCaught() {
        String[] script = {"sendas", "4294967290", "2147483648", "forged", "await"};
        try (TestServer server = start(firstRead());
                Peer peer = Peer.start(join("connect", server.path(), script))) {
            assertNext(server, "active");
            UnixPeerCredentials first = captured(server, Moment.FIRST_READ);
            assertThat(first.uid()).isEqualTo(4294967290L);
            assertThat(first.gid()).isEqualTo(2147483648L);
            assertThat(peer.line()).isEqualTo("0");
            assertNext(server, "read forged");
        }
        try (TestServer server = start(both().refuseDiffering());
                Peer peer = Peer.start(join("connect", server.path(), script))) {
            captured(server, Moment.CONNECT);
            assertNext(server, "active");
            assertThat(peer.line()).isEqualTo("0");
            assertRefused(server, AbsenceReason.DIFFERING, "uid 0 connected, 4294967290 sent, gid 0 connected");
        }
    }

    private static String[] join(String first, String second, String... rest) {
        String[] all = new String[rest.length + 2];
        all[0] = first;
        all[1] = second;
        System.arraycopy(rest, 0, all, 2, rest.length);
        return all;
    }

    @Test
    void forgerWithoutPrivilege_isStoppedByTheKernel() {
        try (TestServer server = start(firstRead());
                Peer peer = Peer.start(Peer.as(
                        1000, 1000, "-", "connect", server.path(), "sendas", "0", "0", "x", "write", "own", "await"))) {
            assertNext(server, "active");
            assertThat(peer.line()).isEqualTo(EPERM);
            assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
            assertNext(server, "read own");
        }
    }

    @Test
    void clientsThatWriteAndCloseAtOnce_areAllCaptured() {
        AtomicInteger rightIds = new AtomicInteger();
        AtomicInteger otherEvents = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        AtomicLong sum = new AtomicLong();
        try (TestServer server = start(
                        child -> child.pipeline().addLast(firstRead().build(), new ChannelInboundHandlerAdapter() {
                            private final ByteBuf all = Unpooled.buffer(8);

                            @Override
                            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                                if (evt instanceof PeerCredentialsEvent.Captured event
                                        && event.result().uid() == 4294967290L
                                        && event.result().gid() == 1000) {
                                    rightIds.incrementAndGet();
                                } else if (evt instanceof PeerCredentialsEvent) {
                                    otherEvents.incrementAndGet();
                                }
                            }

                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                all.writeBytes((ByteBuf) msg);
                                ((ByteBuf) msg).release();
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
            assertThat(otherEvents).hasValue(0);
            assertThat(rightIds).hasValue(BURST);
            assertThat(sum).hasValue(BURST * (BURST - 1L) / 2);
        }
    }

    @Test
    void dataOfPeerThatExitedBeforeAccept_hasItsSender() {
        try (TestServer server = start(firstRead())) {
            CountDownLatch released = new CountDownLatch(1);
            server.channel().eventLoop().execute(() -> awaitLatch(released));
            Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "write", "bye"));
            assertThat(peer.exit()).isZero();
            released.countDown();
            assertNext(server, "active");
            UnixPeerCredentials first = captured(server, Moment.FIRST_READ);
            assertThat(first.uid()).isEqualTo(1000);
            assertThat(first.pid()).hasValue(peer.pid());
            assertNext(server, "read bye");
            assertNext(server, "inactive");
        }
    }

    /** Between accept and the child's handler the option is on only if it was inherited. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void dataSentBetweenAcceptAndHandler_hasItsSenderIfTheListenerAttests(boolean inherited) {
        EventLoopGroup children = transport().newGroup(1);
        CountDownLatch released = new CountDownLatch(1);
        CountDownLatch accepted = new CountDownLatch(1);
        PeerCredentialsAcceptHandler.Builder accepting = PeerCredentialsAcceptHandler.builder()
                .allowIf(peer -> {
                    accepted.countDown();
                    return true;
                });
        children.execute(() -> awaitLatch(released));
        try (TestServer server = TestServer.start(
                        transport(),
                        inherited ? accepting.firstRead().build() : accepting.build(),
                        children,
                        child -> child.pipeline().addLast(firstRead().build()));
                Peer peer = Peer.start(Peer.as(
                        1000, 1000, "-", "connect", server.path(), "await", "write", "x", "say", "written", "await"))) {
            awaitLatch(accepted);
            peer.go();
            assertThat(peer.line()).isEqualTo("written");
            released.countDown();
            assertNext(server, "active");
            if (inherited) {
                assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
                assertNext(server, "read x");
            } else {
                assertRefused(server, AbsenceReason.RACED, "before SO_PASSCRED was on");
            }
        } finally {
            released.countDown();
        }
    }

    /** What has no sender, as it was sent too early, must not go by that of what another sends after it. */
    @ParameterizedTest
    @ValueSource(strings = {"joined", "silent go-on, first read", "silent go-on, every read"})
    void dataWithoutSender_isNotJoinedToThatOfAnother(String how) throws Exception {
        EventLoopGroup children = transport().newGroup(1);
        CountDownLatch released = new CountDownLatch(1);
        CountDownLatch accepted = new CountDownLatch(1);
        CountDownLatch firstBytes = new CountDownLatch(1);
        ChannelHandler accepting = PeerCredentialsAcceptHandler.builder()
                .allowIf(peer -> {
                    accepted.countDown();
                    return true;
                })
                .build();
        children.execute(() -> awaitLatch(released));
        try (TestServer server = TestServer.start(transport(), accepting, children, child -> {
                    if (how.equals("joined")) {
                        child.pipeline().addLast(new JoiningHandler(firstBytes));
                    } else {
                        child.pipeline()
                                .addLast(
                                        new CountingReads(firstBytes),
                                        new GoOnServerHandler(GoOn.of(new byte[0], "evil.".getBytes(UTF_8))));
                    }
                    child.pipeline()
                            .addLast(
                                    how.endsWith("every read")
                                            ? EveryReadHandler.builder()
                                                    .allowSenderChange()
                                                    .build()
                                            : firstRead().build());
                });
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "await",
                        "write",
                        "evil",
                        "say",
                        "written",
                        "await",
                        "write",
                        ".root",
                        "drain")) {
            awaitLatch(accepted);
            peer.go();
            assertThat(peer.line()).isEqualTo("written");
            released.countDown();
            awaitLatch(firstBytes);
            peer.go();
            TestServer.Seen seen = server.next();
            if (seen.what().equals("active")) {
                seen = server.next();
            }
            assertThat(seen.what()).isInstanceOfSatisfying(PeerCredentialsEvent.Refused.class, refused -> assertThat(
                            refused.result().reason())
                    .isEqualTo(AbsenceReason.RACED));
            assertThat(peer.line()).isEqualTo("0");
        } finally {
            released.countDown();
        }
    }

    private static final class CountingReads extends ChannelInboundHandlerAdapter {
        private final CountDownLatch reads;

        CountingReads(CountDownLatch reads) {
            this.reads = reads;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.fireChannelRead(msg);
            reads.countDown();
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void endOfStreamOnly_isNoData() {
        try (TestServer server = start(firstRead());
                Peer peer = Peer.start("connect", server.path())) {
            assertThat(peer.exit()).isZero();
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.NO_DATA, "ended before its first byte");
            assertNext(server, "inactive");
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void silentPeer_meetsTheDeadline() {
        try (TestServer server = start(firstRead().deadline(Duration.ofMillis(200)));
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.TIMED_OUT, "PT0.2S");
            assertThat(peer.line()).isEqualTo("0");
            assertNext(server, "inactive");
        }
    }

    @Test
    void deadline_ofPeerThatWasCaptured_isOver() throws Exception {
        try (TestServer server = start(firstRead().deadline(Duration.ofMillis(300)));
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await", "write", "y", "await")) {
            assertNext(server, "active");
            captured(server, Moment.FIRST_READ);
            assertNext(server, "read x");
            Thread.sleep(600);
            peer.go();
            assertNext(server, "read y");
        }
    }

    @Test
    void autoReadOff_capturesAtTheReadThatComes() throws Exception {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline().addLast(firstRead().build());
                });
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "write", "x", "await"))) {
            Channel channel = server.next().channel();
            Thread.sleep(100);
            assertThat(server.sawNothingMore()).isTrue();
            channel.read();
            assertThat(captured(server, Moment.FIRST_READ).pid()).hasValue(peer.pid());
            assertNext(server, "read x");
        }
    }

    @Test
    void autoReadOff_whenThePeerHasClosed_capturesAllTheSame() {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline().addLast(firstRead().build());
                });
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "write", "x"))) {
            assertThat(peer.exit()).isZero();
            Channel channel = server.next().channel();
            channel.read();
            assertThat(captured(server, Moment.FIRST_READ).pid()).hasValue(peer.pid());
            assertNext(server, "read x");
            channel.read(); // Netty on io_uring may see the end of the stream only then
            assertNext(server, "inactive");
        }
    }

    @Test
    void readsOfOneByte_loseNothing() {
        try (TestServer server = start(child -> {
                    child.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(1));
                    child.pipeline().addLast(firstRead().build());
                    assertThat(child.config().getOptions()).containsKey(ChannelOption.MAX_MESSAGES_PER_READ);
                });
                Peer peer = Peer.start("connect", server.path(), "write", "abc", "await")) {
            assertThat(peer.pid()).isPositive();
            assertNext(server, "active");
            captured(server, Moment.FIRST_READ);
            assertNext(server, "read a");
            assertNext(server, "read b");
            TestServer.Seen last = server.next();
            assertThat(last.what()).isEqualTo("read c");
            assertThat((Object) last.channel().config().getRecvByteBufAllocator())
                    .isInstanceOf(FixedRecvByteBufAllocator.class);
            assertThat(last.channel().pipeline().get(PeerCredentialsHandler.class))
                    .isNull();
        }
    }

    @Test
    void writeOf1MiB_isOneSendersAndWhole() {
        AtomicLong bytes = new AtomicLong();
        try (TestServer server = start(
                        child -> child.pipeline().addLast(firstRead().build(), new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                bytes.addAndGet(((ByteBuf) msg).readableBytes());
                                ((ByteBuf) msg).release();
                            }
                        }));
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "writemany", "1048576"))) {
            assertNext(server, "active");
            assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
            assertThat(peer.exit()).isZero();
            assertNext(server, "inactive");
            assertThat(bytes).hasValue(1 << 20);
        }
    }

    @Test
    void outOfBandByteAlone_isNobodys_andSpinsNot() throws Exception {
        try (TestServer server = start(firstRead().deadline(Duration.ofSeconds(2)));
                Peer peer = Peer.start("connect", server.path(), "oob", "say", "sent", "drain")) {
            Channel channel = server.next().channel();
            assertThat(peer.line()).isEqualTo("sent");
            Thread.sleep(100);
            assertThat(cpuMillis(channel, 500)).isLessThan(100);
            assertRefused(server, AbsenceReason.TIMED_OUT, "nothing was read");
        }
    }

    /** The processor time that the channel's event loop takes while so many milliseconds pass. */
    private static long cpuMillis(Channel channel, long millis) throws Exception {
        long thread =
                channel.eventLoop().submit(() -> Thread.currentThread().getId()).get(30, TimeUnit.SECONDS);
        var threads = ManagementFactory.getThreadMXBean();
        long before = threads.getThreadCpuTime(thread);
        Thread.sleep(millis);
        return TimeUnit.NANOSECONDS.toMillis(threads.getThreadCpuTime(thread) - before);
    }

    @Test
    void outOfBandByteAheadOfData_hidesNotTheSender() {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline().addLast(firstRead().build());
                });
                Peer peer = Peer.start(Peer.as(
                        1000, 1000, "-", "connect", server.path(), "oob", "write", "x", "say", "sent", "await"))) {
            assertThat(peer.line()).isEqualTo("sent");
            server.next().channel().read();
            assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
            assertNext(server, "read x");
        }
    }

    @Test
    void dataThatFollowsAnOutOfBandByteLater_isCapturedOrRefused() throws Exception {
        try (TestServer server = start(firstRead());
                Peer peer = Peer.start(
                        Peer.as(1000, 1000, "-", "connect", server.path(), "oob", "await", "write", "x", "await"))) {
            assertNext(server, "active");
            Thread.sleep(200);
            peer.go();
            TestServer.Seen seen = server.next();
            if (seen.what() instanceof PeerCredentialsEvent.Captured captured) {
                assertThat(captured.result().uid()).isEqualTo(1000);
                assertNext(server, "read x");
            } else {
                // io_uring has a read in flight by then, into which nobody can look.
                assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Refused.class);
                assertThat(AbstractConnectTest.reasonOf(seen.channel(), Moment.FIRST_READ))
                        .isEqualTo(AbsenceReason.RACED);
            }
        }
    }

    @Test
    void bytesOfTwoSenders_withAnOutOfBandByteBetween_areNotJoinedInTheFirstRead() {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline().addLast(firstRead().build());
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
                        "say",
                        "sent",
                        "await")) {
            assertThat(peer.line()).isEqualTo("sent");
            Channel channel = server.next().channel();
            channel.read();
            UnixPeerCredentials first = captured(server, Moment.FIRST_READ);
            assertThat(first.uid()).isZero();
            assertThat(first.pid()).hasValue(peer.pid());
            assertNext(server, "read a");
            channel.read();
            assertNext(server, "read b");
        }
    }

    @Test
    void dataThatNobodyReads_meetsTheDeadline() {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline()
                            .addLast(firstRead()
                                    .admitAbsent()
                                    .deadline(Duration.ofMillis(200))
                                    .build());
                });
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await")) {
            assertThat(peer.pid()).isPositive();
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.TIMED_OUT, "PT0.2S");
            assertNext(server, "inactive");
        }
    }

    @Test
    void passedDescriptors_leaveNoneOpen() {
        try (TestServer server = start(firstRead())) {
            connectAndPass(server); // opens what stays open
            long before = Descriptors.open();
            for (int i = 0; i < 20; i++) {
                connectAndPass(server);
            }
            await().atMost(30, TimeUnit.SECONDS).until(() -> Descriptors.open() <= before);
        }
    }

    private static void connectAndPass(TestServer server) {
        try (Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "sendpair", "sendpair"))) {
            assertThat(peer.exit()).isZero();
            assertNext(server, "active");
            assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
            for (TestServer.Seen seen = server.next(); !seen.what().equals("inactive"); seen = server.next()) {
                assertThat((String) seen.what()).startsWith("read f");
            }
        }
    }

    @Test
    void handlerRemovedWhileItWaits_closesTheChannel() {
        try (TestServer server = start(firstRead());
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            Channel channel = server.next().channel();
            channel.eventLoop()
                    .submit(() -> channel.pipeline().remove(PeerCredentialsHandler.class))
                    .syncUninterruptibly();
            assertThat(peer.line()).isEqualTo("0");
            assertNext(server, "inactive");
        }
    }

    @Test
    void channelClosedWhileItWaits_saysSo() {
        try (TestServer server = start(firstRead());
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            server.next().channel().close();
            assertRefused(server, AbsenceReason.CLOSED, "before its first read");
            assertThat(peer.line()).isEqualTo("0");
            assertNext(server, "inactive");
        }
    }

    @Test
    void descriptorsMode_isRefusedBefore_andWorksAfter() {
        BlockingQueue<FileDescriptor> received = new LinkedBlockingQueue<>();
        try (TestServer server = start(
                        child -> child.pipeline().addLast(firstRead().build(), new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                if (msg instanceof FileDescriptor descriptor) {
                                    received.add(descriptor);
                                } else {
                                    ctx.channel()
                                            .config()
                                            .setOption(
                                                    UnixChannelOption.DOMAIN_SOCKET_READ_MODE,
                                                    DomainSocketReadMode.FILE_DESCRIPTORS);
                                    ctx.fireChannelRead(msg);
                                }
                            }
                        }));
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await", "sendpair", "await")) {
            assertNext(server, "active");
            captured(server, Moment.FIRST_READ);
            assertNext(server, "read x");
            peer.go();
            await().atMost(30, TimeUnit.SECONDS).until(() -> !received.isEmpty());
            received.remove().close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        try (TestServer server = start(child -> {
                    child.config()
                            .setOption(
                                    UnixChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS);
                    child.pipeline().addLast(firstRead().build());
                });
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            assertRefused(server, AbsenceReason.FILE_DESCRIPTORS, "DOMAIN_SOCKET_READ_MODE");
            assertThat(peer.line()).isEqualTo("0");
        }
    }

    /** Netty on io_uring takes a pid for a descriptor, and its pipeline may close that, if the option stays on. */
    @Test
    void descriptorsMode_whereTheListenerAttests_deliversDescriptors() throws Exception {
        for (boolean every : new boolean[] {false, true}) {
            BlockingQueue<FileDescriptor> received = new LinkedBlockingQueue<>();
            try (TestServer server = TestServer.start(
                            transport(),
                            PeerCredentialsAcceptHandler.builder().firstRead().build(),
                            child -> {
                                child.config()
                                        .setOption(
                                                UnixChannelOption.DOMAIN_SOCKET_READ_MODE,
                                                DomainSocketReadMode.FILE_DESCRIPTORS);
                                child.pipeline()
                                        .addLast(
                                                every
                                                        ? EveryReadHandler.builder()
                                                                .admitAbsent()
                                                                .build()
                                                        : firstRead()
                                                                .admitAbsent()
                                                                .build())
                                        .addFirst(new ChannelInboundHandlerAdapter() {
                                            @Override
                                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                                received.add((FileDescriptor) msg);
                                            }
                                        });
                            });
                    Peer peer = Peer.start("connect", server.path(), "await", "sendpair", "await")) {
                TestServer.Seen seen = server.next();
                assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Admitted.class);
                peer.go();
                FileDescriptor descriptor = received.poll(30, TimeUnit.SECONDS);
                assertThat(descriptor).isNotNull();
                assertThat(Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor.intValue()))
                                .toString())
                        .startsWith("socket:");
                descriptor.close();
            }
        }
    }

    @Test
    void connectAndFirstRead_whereTheLatterCannotWork_tellsBoth() {
        for (boolean admit : new boolean[] {false, true}) {
            try (TestServer server = start(child -> {
                        child.config()
                                .setOption(
                                        UnixChannelOption.DOMAIN_SOCKET_READ_MODE,
                                        DomainSocketReadMode.FILE_DESCRIPTORS);
                        child.pipeline().addLast((admit ? both().admitAbsent() : both()).build());
                    });
                    Peer peer = Peer.start("connect", server.path(), "await")) {
                assertThat(captured(server, Moment.CONNECT).pid()).hasValue(peer.pid());
                if (admit) {
                    assertThat(server.next().what()).isInstanceOf(PeerCredentialsEvent.Admitted.class);
                    assertNext(server, "active");
                } else {
                    assertRefused(server, AbsenceReason.FILE_DESCRIPTORS, "DOMAIN_SOCKET_READ_MODE");
                }
            }
        }
    }

    @Test
    void client_knowsWhoSentItsFirstBytes() {
        EventLoopGroup group = transport().newGroup(1);
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        Path path = TestServer.newPath();
        try (Peer server = Peer.start(
                "listen",
                path.toString(),
                "say",
                "ready",
                "accept",
                "uid",
                "1000",
                "1000",
                "1000",
                "write",
                "x",
                "await")) {
            assertThat(server.line()).isEqualTo("ready");
            Channel channel = new Bootstrap()
                    .group(group)
                    .channel(transport().clientChannel())
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel ch) {
                            ch.pipeline().addLast(both().build(), new ChannelInboundHandlerAdapter() {
                                @Override
                                public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                                    seen.add(evt);
                                }
                            });
                        }
                    })
                    .connect(new DomainSocketAddress(path.toFile()))
                    .syncUninterruptibly()
                    .channel();
            await().atMost(30, TimeUnit.SECONDS).until(() -> seen.size() == 2);
            UnixPeerCredentials listened =
                    UnixPeerCredentials.of(channel, Moment.LISTEN).orElseThrow();
            UnixPeerCredentials wrote =
                    UnixPeerCredentials.of(channel, Moment.FIRST_READ).orElseThrow();
            assertThat(listened.uid()).isZero();
            assertThat(wrote.uid()).isEqualTo(1000);
            assertThat(wrote.pid()).hasValue(server.pid());
            channel.close().syncUninterruptibly();
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void bytesOfTwoSenders_joinedByAHandlerInFront_areRefused() throws Exception {
        CountDownLatch firstBytes = new CountDownLatch(1);
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder().firstRead().build(),
                        child -> child.pipeline()
                                .addLast(
                                        new JoiningHandler(firstBytes),
                                        PeerCredentialsHandler.builder()
                                                .firstRead()
                                                .build()));
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "write",
                        "evil",
                        "await",
                        "uid",
                        "1000",
                        "1000",
                        "1000",
                        "write",
                        ".",
                        "drain")) {
            assertThat(firstBytes.await(30, TimeUnit.SECONDS)).isTrue();
            peer.go();
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.RACED, "bytes of two senders");
            assertThat(peer.line()).isEqualTo("0");
        }
    }

    /** Keeps bytes until there is a full stop, as decoders keep what is no frame yet. */
    static final class JoiningHandler extends ChannelInboundHandlerAdapter {
        private final CountDownLatch firstBytes;
        private ByteBuf kept = Unpooled.EMPTY_BUFFER;

        JoiningHandler(CountDownLatch firstBytes) {
            this.firstBytes = firstBytes;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            kept = Unpooled.wrappedBuffer(kept, (ByteBuf) msg);
            firstBytes.countDown();
            if (kept.indexOf(kept.readerIndex(), kept.writerIndex(), (byte) '.') >= 0) {
                ctx.fireChannelRead(kept);
            }
        }
    }

    @Test
    void handlerAddedAfterARead_isTooLate() {
        try (TestServer server = start(child -> {});
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await", "write", "y", "await")) {
            assertNext(server, "active");
            Channel channel = server.next().channel();
            channel.eventLoop()
                    .submit(() -> channel.pipeline().addFirst(firstRead().build()))
                    .syncUninterruptibly();
            peer.go();
            assertRefused(server, AbsenceReason.ADDED_LATE, "before its first read");
        }
    }

    @Test
    void halfClosedWithoutData_isNoData_andMayBeAdmitted() {
        for (boolean admit : new boolean[] {false, true}) {
            BlockingQueue<Object> shutdowns = new LinkedBlockingQueue<>();
            try (TestServer server = start(child -> {
                        child.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                        child.pipeline()
                                .addLast(
                                        admit
                                                ? firstRead().admitAbsent().build()
                                                : firstRead().build());
                        child.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                            @Override
                            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                                if (evt instanceof ChannelInputShutdownEvent) {
                                    shutdowns.add(UnixPeerCredentials.of(ctx.channel(), Moment.FIRST_READ));
                                    ctx.writeAndFlush(Unpooled.copiedBuffer("late", UTF_8))
                                            .addListener(done -> ctx.close());
                                }
                                ctx.fireUserEventTriggered(evt);
                            }
                        });
                    });
                    Peer peer = Peer.start("connect", server.path(), "shutdown", "drain")) {
                assertNext(server, "active");
                if (admit) {
                    assertThat(server.next().what()).isInstanceOf(PeerCredentialsEvent.Admitted.class);
                    assertThat(peer.line()).isEqualTo(knowsHalfClosure() ? "4" : "0");
                } else {
                    assertRefused(server, AbsenceReason.NO_DATA, "ended before its first byte");
                    assertThat(peer.line()).isEqualTo("0");
                }
                if (!knowsHalfClosure()) {
                    assertNext(server, "inactive");
                    continue;
                }
                await().atMost(30, TimeUnit.SECONDS).until(() -> !shutdowns.isEmpty());
                assertThat(shutdowns.remove()).hasToString("NO_DATA: the stream ended before its first byte");
            }
        }
    }

    @Test
    void greeting_ofAServerThatSpeaksFirst_isNotHeldBack() {
        try (TestServer server = start(
                        child -> child.pipeline().addLast(firstRead().build(), new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelActive(ChannelHandlerContext ctx) {
                                ctx.writeAndFlush(Unpooled.copiedBuffer("hello\n", UTF_8));
                                ctx.fireChannelActive();
                            }
                        }));
                Peer peer =
                        Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "hear", "write", "x", "await"))) {
            assertNext(server, "active");
            assertThat(peer.line()).isEqualTo("hello");
            assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
            assertNext(server, "read x");
        }
    }

    @Test
    void errorOfTheSocket_isPassedOn_andClosesTheChannel() throws Exception {
        BlockingQueue<Throwable> caught = new LinkedBlockingQueue<>();
        CountDownLatch written = new CountDownLatch(1);
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline().addLast(firstRead().build(), new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelActive(ChannelHandlerContext ctx) {
                            ctx.writeAndFlush(Unpooled.copiedBuffer("unread", UTF_8))
                                    .addListener(done -> written.countDown());
                            ctx.fireChannelActive();
                        }

                        @Override
                        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                            caught.add(cause);
                        }
                    });
                });
                Peer peer = Peer.start("connect", server.path(), "await")) {
            Channel channel = server.next().channel();
            awaitLatch(written);
            peer.go();
            assertThat(peer.exit()).isZero();
            channel.read();
            assertThat(caught.poll(30, TimeUnit.SECONDS))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("recvmsg")
                    .hasMessageContaining(Integer.toString(ECONNRESET));
            assertRefused(server, AbsenceReason.FAILED, "recvmsg");
            assertNext(server, "inactive");
        }
    }

    @Test
    void foreignExecutor_isRefused() {
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        try (TestServer server = start(
                        child -> child.pipeline().addLast(executors, firstRead().build()));
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            assertRefused(server, AbsenceReason.FOREIGN_EXECUTOR, "without an executor");
            assertThat(peer.line()).isEqualTo("0");
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void pipeline_afterCapture_holdsNoHandlerOfOurs() {
        try (TestServer server = start(both());
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await")) {
            assertThat(peer.pid()).isPositive();
            captured(server, Moment.CONNECT);
            assertNext(server, "active");
            captured(server, Moment.FIRST_READ);
            Channel channel = server.next().channel();
            await().atMost(30, TimeUnit.SECONDS)
                    .untilAsserted(() ->
                            assertThat(channel.pipeline().toMap().values()).noneMatch(AbstractFirstReadTest::isOurs));
            assertThat(channel.config().getRecvByteBufAllocator().getClass().getName())
                    .startsWith("io.netty.");
        }
    }

    private static boolean isOurs(ChannelHandler handler) {
        return handler.getClass().getPackage().equals(PeerCredentialsHandler.class.getPackage());
    }

    @Test
    void optionsThatContradictEachOther_areNotBuilt() {
        assertThatThrownBy(() -> firstRead().groups().build()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> firstRead().refuseDiffering().build()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> both().refuseDiffering().admitAbsent().build())
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> firstRead().deadline(Duration.ofSeconds(Long.MAX_VALUE)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> firstRead().deadline(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }
}
