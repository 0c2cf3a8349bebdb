// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.PeerProcess;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.UnorderedThreadPoolEventExecutor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What connect-time credentials must be on every transport; the peer is another process under other ids. */
@Timeout(120)
abstract class AbstractConnectTest {
    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    private static void captureIds(Channel child) {
        child.pipeline().addLast(new PeerCredentialsHandler());
    }

    private static void captureAll(Channel child) {
        child.pipeline()
                .addLast(PeerCredentialsHandler.builder()
                        .groups()
                        .label()
                        .process()
                        .build());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1000, 65534, 2147483648L, 4294967290L})
    void ids_ofAnotherProcess_areExact(long id) {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureIds);
                Peer peer = Peer.start(Peer.as(id, id, "-", "connect", server.path(), "await"))) {
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(credentials.uid()).isEqualTo(id);
            assertThat(credentials.gid()).isEqualTo(id);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertThat(credentials.source().mechanism()).isEqualTo(Mechanism.SO_PEERCRED);
            assertThat(credentials.source().moment()).isEqualTo(Moment.CONNECT);
            assertThat(credentials.source().ids()).isEqualTo(Ids.EFFECTIVE);
            assertThat(reason(credentials.groups())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertThat(reason(credentials.label())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertThat(reason(credentials.process())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertThat(server.next().what()).isEqualTo("active");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 64, 256, 257, 65536})
    void groups_ofAnotherProcess_areAllThere(int count) {
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                        .addLast(PeerCredentialsHandler.builder().groups().build()));
                Peer peer = Peer.start("ngroups", Integer.toString(count), "connect", server.path(), "await")) {
            SupplementaryGroups groups = server.nextCredentials().groups().orElseThrow();
            assertThat(peer.pid()).isPositive();
            assertThat(groups.stream().toArray())
                    .isEqualTo(
                            LongStream.range(3000000000L, 3000000000L + count).toArray());
            assertThat(groups.unmapped()).isZero();
            assertThat(groups.contains(3000000000L)).isEqualTo(count > 0);
            assertThat(groups.contains(0)).isFalse();
        }
    }

    @Test
    void effectiveIds_ofSetuidPeer_areTaken() {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureIds);
                Peer peer = Peer.start(
                        "gid", "100", "101", "102", "uid", "1000", "1001", "1002", "connect", server.path(), "await")) {
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(credentials.uid()).isEqualTo(1001);
            assertThat(credentials.gid()).isEqualTo(101);
            assertThat(credentials.pid()).hasValue(peer.pid());
        }
    }

    @Test
    void credentials_whenPeerDropsPrivilegesAfterConnect_areThoseOfConnect() {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll);
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "await",
                        "uid",
                        "1000",
                        "1000",
                        "1000",
                        "write",
                        "dropped",
                        "await")) {
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(server.next().what()).isEqualTo("active");
            peer.go();
            TestServer.Seen read = server.next();
            assertThat(read.what()).isEqualTo("read dropped");
            assertThat(UnixPeerCredentials.of(read.channel()).orElseThrow().uid())
                    .isZero();
            PeerProcess process = credentials.process().orElseThrow();
            assertThat(process.currentIds().orElseThrow().effectiveUid()).isEqualTo(1000);
            assertThat(process.currentIds().orElseThrow().pid()).isEqualTo(peer.pid());
        }
    }

    @Test
    void credentials_whenSocketIsPassedOn_areThoseOfTheOneWhoConnected() {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureIds);
                Peer peer = Peer.start(
                        "uid",
                        "0",
                        "1000",
                        "0",
                        "connect",
                        server.path(),
                        "uid",
                        "0",
                        "0",
                        "0",
                        "pass",
                        "uid",
                        "2000",
                        "2000",
                        "2000",
                        "pid",
                        "write",
                        "mine",
                        "await")) {
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(credentials.uid()).isEqualTo(1000);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertThat(server.next().what()).isEqualTo("active");
            assertThat(server.next().what()).isEqualTo("read mine");
            assertThat(Integer.parseInt(peer.line())).isNotEqualTo(peer.pid());
        }
    }

    @Test
    void credentials_whenPeerExitedBeforeAccept_areStillThere() {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll)) {
            // While the acceptor's thread is held up, the peer connects, writes, exits and is reaped.
            CountDownLatch released = new CountDownLatch(1);
            server.channel().eventLoop().execute(() -> awaitLatch(released));
            Peer peer = Peer.start(Peer.as(1000, 1000, "10,20", "connect", server.path(), "write", "bye"));
            assertThat(peer.exit()).isZero();
            released.countDown();

            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(credentials.uid()).isEqualTo(1000);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertThat(credentials.groups().orElseThrow().stream()).containsExactly(10L, 20L);
            // A kernel that still gives a handle gives one of a process that has ended; others say REAPED.
            boolean alive = credentials
                    .process()
                    .value()
                    .map(AbstractConnectTest::isAliveOrClosed)
                    .orElse(false);
            assertThat(alive).isFalse();
            assertThat(server.next().what()).isEqualTo("active");
            assertThat(server.next().what()).isEqualTo("read bye");
            assertThat(server.next().what()).isEqualTo("inactive");
        }
    }

    private static boolean isAliveOrClosed(PeerProcess process) {
        try {
            return process.isAlive();
        } catch (AbsentException closed) {
            return false;
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void process_runningZombieReaped_isTold() throws Exception {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll);
                // The child connects, and a child of its own keeps the socket open when it has ended.
                Peer parent = Peer.start("zombie", "connect", server.path(), "orphan", "drain")) {
            UnixPeerCredentials credentials = server.nextCredentials();
            PeerProcess process = credentials.process().orElseThrow();
            String[] zombie = parent.line().split(" ", -1);
            assertThat(credentials.pid()).hasValue(Integer.parseInt(zombie[1]));
            assertThat(process.isAlive()).isFalse();
            parent.go();
            assertThat(parent.line()).isEqualTo("reaped");
            assertThat(process.isAlive()).isFalse();
            assertThat(reason(process.currentIds())).isEqualTo(AbsenceReason.REAPED);
            assertThat(reason(process.facts(Runnable::run)
                            .get(30, TimeUnit.SECONDS)
                            .executable()))
                    .isEqualTo(AbsenceReason.REAPED);
            parent.go();
        }
    }

    @Test
    void process_whenItsPidIsGivenToAnother_lendsNothing() throws Exception {
        Path lastPid = Path.of("/proc/sys/kernel/ns_last_pid");
        assumeTrue(Files.isWritable(lastPid), "left out: this kernel has no writable " + lastPid);
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll);
                Peer keeper = Peer.start("zombie", "connect", server.path(), "orphan", "drain")) {
            UnixPeerCredentials credentials = server.nextCredentials();
            PeerProcess process = credentials.process().orElseThrow();
            int pid = credentials.pid().getAsInt();
            keeper.line();
            keeper.go();
            assertThat(keeper.line()).isEqualTo("reaped");
            Peer impostor = null;
            for (int i = 0; i < 200 && impostor == null; i++) {
                Files.writeString(lastPid, Integer.toString(pid - 1));
                Peer next = Peer.start("say", "here", "await");
                if (next.pid() == pid) {
                    impostor = next;
                } else {
                    next.close();
                }
            }
            Peer other = Objects.requireNonNull(impostor, "no process got the pid again");
            assertThat(other.line()).isEqualTo("here");
            assertThat(process.isAlive()).isFalse();
            assertThat(reason(process.currentIds())).isEqualTo(AbsenceReason.REAPED);
            assertThat(reason(process.facts(Runnable::run)
                            .get(30, TimeUnit.SECONDS)
                            .commandLine()))
                    .isEqualTo(AbsenceReason.REAPED);
            other.close();
            keeper.go();
        }
    }

    @Test
    void facts_ofRunningProcess_areItsOwn() throws Exception {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll);
                Peer peer = Peer.start("connect", server.path(), "say", "a\nb \u001b[31m", "await")) {
            PeerProcess process = server.nextCredentials().process().orElseThrow();
            assertThat(peer.line()).isEqualTo("a");
            assertThat(process.isAlive()).isTrue();
            var facts = process.facts(Runnable::run).get(30, TimeUnit.SECONDS);
            assertThat(facts.executable().orElseThrow())
                    .isEqualTo(Path.of(Peer.PROGRAM).toRealPath().toString());
            assertThat(facts.commandLine().orElseThrow())
                    .isEqualTo(Peer.command("connect", server.path(), "say", "a\nb \u001b[31m", "await"));
        }
    }

    @Test
    void process_whenChannelCloses_isClosed() {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll);
                Peer peer = Peer.start("connect", server.path(), "await")) {
            PeerProcess process = server.nextCredentials().process().orElseThrow();
            Channel channel = server.next().channel();
            assertThat(process.isAlive()).isTrue();
            peer.go();
            assertThat(server.next().what()).isEqualTo("inactive");
            channel.closeFuture().syncUninterruptibly();
            await().untilAsserted(() -> assertThat(process).hasToString("PeerProcess(closed)"));
            process.close();
        }
    }

    @Test
    void label_withoutLabellingSecurityModule_isUnsupported() {
        assumeTrue(
                !Files.exists(Path.of("/sys/kernel/security/lsm")),
                "left out: this kernel has security modules, so a label may well be there");
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll);
                Peer peer = Peer.start("connect", server.path(), "await")) {
            assertThat(peer.pid()).isPositive();
            assertThat(reason(server.nextCredentials().label())).isEqualTo(AbsenceReason.UNSUPPORTED);
        }
    }

    @Test
    void pipeline_afterCapture_holdsNoHandlerOfOurs() {
        try (TestServer server = TestServer.start(transport(), AbstractConnectTest::captureAll);
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await")) {
            server.nextCredentials();
            server.next();
            TestServer.Seen read = server.next();
            assertThat(read.channel().pipeline().get(PeerCredentialsHandler.class))
                    .isNull();
            assertThat(peer.pid()).isPositive();
        }
    }

    @Test
    void handler_addedToActiveChannel_capturesAtOnceAndAnnounces() throws Exception {
        try (TestServer server = TestServer.start(transport(), child -> {});
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "await"))) {
            TestServer.Seen active = server.next();
            assertThat(active.what()).isEqualTo("active");
            Channel channel = active.channel();
            assertThat(reasonOf(channel)).isEqualTo(AbsenceReason.NOT_CAPTURED);
            channel.eventLoop()
                    .submit(() -> {
                        channel.pipeline().addFirst(new PeerCredentialsHandler());
                        assertThat(UnixPeerCredentials.of(channel).orElseThrow().uid())
                                .isEqualTo(1000);
                    })
                    .get();
            assertThat(server.nextCredentials().pid()).hasValue(peer.pid());
            await().untilAsserted(() -> assertThat(channel.pipeline().get(PeerCredentialsHandler.class))
                    .isNull());
            peer.go();
            assertThat(server.next().what()).isEqualTo("inactive");
        }
    }

    @Test
    void handler_onExecutorOfItsOwn_isRight() {
        EventExecutorGroup executors = new DefaultEventExecutorGroup(2);
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                        .addLast(
                                executors,
                                PeerCredentialsHandler.builder().process().build()));
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "write", "x", "await"))) {
            assertThat(server.nextCredentials().pid()).hasValue(peer.pid());
            assertThat(server.next().what()).isEqualTo("active");
            assertThat(server.next().what()).isEqualTo("read x");
            peer.go();
            assertThat(server.next().what()).isEqualTo("inactive");
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void handler_onExecutorWithoutOrder_refuses() {
        var executor = new UnorderedThreadPoolEventExecutor(2);
        try (TestServer server = TestServer.start(
                        transport(), child -> child.pipeline().addLast(executor, new PeerCredentialsHandler()));
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            assertThat(peer.line()).isEqualTo("0");
            Object first = server.next().what();
            assertThat(first).isInstanceOf(PeerCredentialsEvent.Refused.class);
            assertThat(((PeerCredentialsEvent.Refused) first).result().message())
                    .contains("keeps no order");
        } finally {
            executor.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void acceptHandler_refusesBeforeThePipelineExists() {
        var acceptHandler = PeerCredentialsAcceptHandler.builder()
                .groups()
                .label()
                .allowIf(credentials -> credentials.uid() == 1000
                        && credentials.groups().orElseThrow().contains(27))
                .build();
        try (TestServer server = TestServer.start(transport(), acceptHandler, AbstractConnectTest::captureIds);
                Peer refused = Peer.start(Peer.as(1000, 1000, "28", "connect", server.path(), "drain"));
                Peer admitted = Peer.start(Peer.as(1000, 1000, "27", "connect", server.path(), "await"))) {
            assertThat(refused.line()).isEqualTo("0");
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(credentials.pid()).hasValue(admitted.pid());
            // The child's handler takes over what was captured at accept, more than it would have asked for.
            assertThat(credentials.groups().orElseThrow().contains(27)).isTrue();
            assertThat(server.next().what()).isEqualTo("active");
            assertThat(server.sawNothingMore()).isTrue();
            assertThat(acceptHandler.refusedCount()).isOne();
        }
    }

    @Test
    void acceptHandler_whosePredicateThrows_refusesAndGoesOn() {
        var acceptHandler = PeerCredentialsAcceptHandler.builder()
                .allowIf(credentials -> {
                    if (credentials.uid() == 1000) {
                        throw new StackOverflowError("thrown by the test");
                    }
                    return true;
                })
                .build();
        try (TestServer server = TestServer.start(transport(), acceptHandler, AbstractConnectTest::captureIds)) {
            for (int i = 0; i < 20; i++) {
                try (Peer refused = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "drain"))) {
                    assertThat(refused.line()).isEqualTo("0");
                }
            }
            // An acceptor that a throw has reached would be silent for a second after each.
            long start = System.nanoTime();
            try (Peer admitted = Peer.start("connect", server.path(), "await")) {
                assertThat(server.nextCredentials().pid()).hasValue(admitted.pid());
            }
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.MILLISECONDS.toNanos(900));
            assertThat(acceptHandler.refusedCount()).isEqualTo(20);
        }
    }

    @Test
    void acceptHandler_inTheChildsPipeline_closesTheChannel() {
        try (TestServer server = TestServer.start(
                        transport(), child -> child.pipeline().addLast(new PeerCredentialsAcceptHandler()));
                Peer peer = Peer.start("connect", server.path(), "offer", "x", "drain")) {
            assertThat(peer.line()).isEqualTo("0");
            assertThat(server.next().what()).isNotEqualTo("read x");
        }
    }

    @Test
    void childHandler_thatAsksForMore_captures() {
        try (TestServer server = TestServer.start(
                        transport(), new PeerCredentialsAcceptHandler(), AbstractConnectTest::captureAll);
                Peer peer = Peer.start(Peer.as(1000, 1000, "27", "connect", server.path(), "await"))) {
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(credentials.groups().orElseThrow().contains(27)).isTrue();
            assertThat(credentials.process().orElseThrow().isAlive()).isTrue();
            assertThat(credentials.pid()).hasValue(peer.pid());
        }
    }

    @Test
    void childGroup_thatCannotTakeTheChannel_leaksNothing() throws Exception {
        EventLoopGroup shutDown = transport().newGroup(1);
        shutDown.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        for (EventLoopGroup unfit : new EventLoopGroup[] {new DefaultEventLoopGroup(1), shutDown}) {
            try (TestServer server = TestServer.start(
                    transport(),
                    PeerCredentialsAcceptHandler.builder().groups().build(),
                    unfit,
                    AbstractConnectTest::captureAll)) {
                try (Peer peer = Peer.start("connect", server.path(), "drain")) {
                    assertThat(peer.line()).isEqualTo("0");
                }
                long before = Descriptors.open();
                for (int i = 0; i < 10; i++) {
                    try (Peer peer = Peer.start("connect", server.path(), "drain")) {
                        assertThat(peer.line()).isEqualTo("0");
                    }
                }
                await().untilAsserted(() -> assertThat(Descriptors.open()).isLessThanOrEqualTo(before));
                assertThat(server.sawNothingMore()).isTrue();
            }
        }
    }

    @Test
    void client_seesTheLastCallerOfListen() {
        Path path = TestServer.newPath();
        EventLoopGroup group = transport().newGroup(1);
        try (Peer first = Peer.start(
                "listen",
                path.toString(),
                "say",
                "1",
                "await",
                "uid",
                "1000",
                "1000",
                "1000",
                "relisten",
                "say",
                "2",
                "await")) {
            assertThat(first.line()).isEqualTo("1");
            TestServer.openToAll(path);
            UnixPeerCredentials asRoot = connect(group, path);
            assertThat(asRoot.uid()).isZero();
            assertThat(asRoot.pid()).hasValue(first.pid());
            assertThat(asRoot.source().moment()).isEqualTo(Moment.LISTEN);
            first.go();
            assertThat(first.line()).isEqualTo("2");
            assertThat(connect(group, path).uid()).isEqualTo(1000);
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private UnixPeerCredentials connect(EventLoopGroup group, Path path) {
        BlockingQueue<UnixPeerCredentials> captured = new LinkedBlockingQueue<>();
        Channel channel = new Bootstrap()
                .group(group)
                .channel(transport().clientChannel())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline().addLast(new PeerCredentialsHandler(), new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelActive(ChannelHandlerContext ctx) {
                                captured.add(
                                        UnixPeerCredentials.of(ctx.channel()).orElseThrow());
                            }
                        });
                    }
                })
                .connect(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        try {
            UnixPeerCredentials credentials = captured.poll(30, TimeUnit.SECONDS);
            assertThat(credentials).isNotNull();
            return credentials;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            channel.close().syncUninterruptibly();
        }
    }

    @Test
    void handler_removedBeforeItsAnswer_closesTheChannel() {
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        try (TestServer server = TestServer.start(transport(), child -> {
                    child.pipeline().addLast(executors, "capture", new PeerCredentialsHandler());
                    // The event loop, which has to capture, waits here until the handler is gone.
                    executors.submit(() -> child.pipeline().remove("capture")).syncUninterruptibly();
                });
                Peer peer = Peer.start("connect", server.path(), "offer", "x", "drain")) {
            assertThat(peer.line()).isEqualTo("0");
            TestServer.Seen first = server.next();
            assertThat(first.what()).isNotEqualTo("read x");
            assertThat(first.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                    .isTrue();
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    static @Nullable AbsenceReason reason(Answer<?> answer) {
        return answer.absence().map(Absence::reason).orElse(null);
    }

    static @Nullable AbsenceReason reasonOf(Channel channel) {
        return UnixPeerCredentials.of(channel).absence().map(Absence::reason).orElse(null);
    }

    static @Nullable AbsenceReason reasonOf(Channel channel, Moment moment) {
        return UnixPeerCredentials.of(channel, moment)
                .absence()
                .map(Absence::reason)
                .orElse(null);
    }
}
