// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.process.ProcessFacts;
import io.netty.channel.Channel;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Future;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The end of the peer's process, as an event, and what is told of it while it runs. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractProcessTest {
    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    private TestServer server() {
        return TestServer.start(transport(), child -> child.pipeline()
                .addLast(PeerCredentialsHandler.builder().process().build()));
    }

    private static PeerProcess process(TestServer server) {
        return server.nextCredentials().process().orElseThrow();
    }

    private static void awaitDescriptors(long expected) {
        await().atMost(30, TimeUnit.SECONDS).until(() -> Descriptors.open() == expected);
    }

    /** The future's outcome, and whether the listener ran on the event loop. */
    private static BlockingQueue<String> outcome(Future<Void> exit, Channel channel) {
        BlockingQueue<String> outcome = new LinkedBlockingQueue<>();
        exit.addListener(done -> outcome.add((done.isSuccess() ? "exit" : String.valueOf(done.cause()))
                + (channel.eventLoop().inEventLoop() ? "" : " elsewhere")));
        return outcome;
    }

    private static String next(BlockingQueue<String> outcome) throws InterruptedException {
        return outcome.poll(30, TimeUnit.SECONDS);
    }

    @Test
    void exit_ofAPeerThatEnds_isAnEventOnTheEventLoop() throws Exception {
        try (TestServer server = server();
                Peer peer = Peer.start(Peer.as(1000, 1000, "-", "connect", server.path(), "orphan", "drain"))) {
            // The process that connected ends; its child keeps the connection open.
            PeerProcess process = process(server);
            Channel channel = server.next().channel();
            BlockingQueue<String> outcome = outcome(process.exitFuture(channel.eventLoop()), channel);
            assertThat(next(outcome)).isEqualTo("exit");
            assertThat(channel.isActive()).isTrue();
            assertThat(process.isAlive()).isFalse();
            long open = Descriptors.settled();
            assertThat(next(outcome(process.exitFuture(channel.eventLoop()), channel)))
                    .as("also after the end")
                    .isEqualTo("exit");
            awaitDescriptors(open);
            assertThat(peer.pid()).isPositive();
            channel.close().syncUninterruptibly();
            // The end of the child ends its output, too.
            await().atMost(30, TimeUnit.SECONDS).until(() -> Descriptors.open() <= open - 2);
        }
    }

    @Test
    void exit_ofAPeerThatIsKilled_cannotComeBefore() throws Exception {
        try (TestServer server = server();
                Peer peer = Peer.start("connect", server.path(), "await")) {
            PeerProcess process = process(server).duplicate();
            Channel channel = server.next().channel();
            List<BlockingQueue<String>> outcomes = new ArrayList<>();
            long open = Descriptors.settled();
            for (int i = 0; i < 10; i++) {
                outcomes.add(outcome(process.exitFuture(channel.eventLoop()), channel));
            }
            channel.eventLoop().submit(() -> {}).syncUninterruptibly();
            assertThat(Descriptors.open()).isEqualTo(open + 10);
            assertThat(outcomes).allMatch(BlockingQueue::isEmpty);
            assertThat(process.isAlive()).isTrue();
            peer.kill();
            for (BlockingQueue<String> outcome : outcomes) {
                assertThat(next(outcome)).isEqualTo("exit");
            }
            process.close();
            // Gone are the ten, the duplicate, the channel with its handle, and what leads to the peer's standard
            // streams.
            await().atMost(30, TimeUnit.SECONDS).until(() -> Descriptors.open() <= open - 3);
        }
    }

    @Test
    void exit_ofAPeerThatOutlivesItsChannel_isToldByADuplicateAlone() throws Exception {
        try (TestServer server = server();
                Peer peer = Peer.start("connect", server.path(), "await", "close", "await")) {
            long before = Descriptors.settled();
            PeerProcess process = process(server);
            Channel channel = server.next().channel();
            PeerProcess duplicate = process.duplicate();
            BlockingQueue<String> ofChannel = outcome(process.exitFuture(channel.eventLoop()), channel);
            BlockingQueue<String> ofDuplicate = outcome(duplicate.exitFuture(channel.eventLoop()), channel);
            peer.go();
            assertThat(server.next().what()).isEqualTo("inactive");
            assertThat(next(ofChannel)).contains("CancellationException").doesNotContain("elsewhere");
            assertThatThrownBy(process::isAlive).isInstanceOf(AbsentException.class);
            assertThatThrownBy(process::duplicate).isInstanceOf(AbsentException.class);
            Future<Void> late = process.exitFuture(channel.eventLoop());
            assertThat(late.await().cause()).isInstanceOf(AbsentException.class);
            assertThat(duplicate.isAlive()).isTrue();
            assertThat(duplicate.currentIds().orElseThrow().pid()).isEqualTo(peer.pid());
            assertThat(ofDuplicate).isEmpty();
            peer.go();
            assertThat(next(ofDuplicate)).isEqualTo("exit");
            duplicate.close();
            duplicate.close();
            assertThat(Descriptors.settled()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void exitFuture_cancelled_leavesNothing() throws Exception {
        try (TestServer server = server();
                Peer peer = Peer.start("connect", server.path(), "await")) {
            PeerProcess process = process(server);
            Channel channel = server.next().channel();
            long open = Descriptors.settled();
            for (int i = 0; i < 1000; i++) {
                process.exitFuture(channel.eventLoop()).cancel(false);
            }
            channel.eventLoop()
                    .submit(() -> {
                        for (int i = 0; i < 1000; i++) {
                            process.exitFuture(channel.eventLoop()).cancel(false);
                        }
                    })
                    .syncUninterruptibly();
            awaitDescriptors(open);
            assertThat(process.isAlive()).isTrue();
            BlockingQueue<String> outcome = outcome(process.exitFuture(channel.eventLoop()), channel);
            peer.kill();
            assertThat(next(outcome)).isIn("exit", "java.util.concurrent.CancellationException");
        }
    }

    @Test
    void exitFuture_onAnEventLoopThatEnds_orIsOfNoTransport_leavesNothing() throws Exception {
        DefaultEventLoop other = new DefaultEventLoop();
        EventLoopGroup group = transport().newGroup(1);
        try (TestServer server = server();
                Peer peer = Peer.start("connect", server.path(), "await")) {
            PeerProcess process = process(server);
            Channel channel = server.next().channel();
            long open = Descriptors.settled();
            Throwable cause = process.exitFuture(other).await().cause();
            assertThat(cause).isInstanceOf(AbsentException.class);
            assertThat(((AbsentException) cause).absence().reason()).isEqualTo(AbsenceReason.NO_TRANSPORT);
            assertThat(Descriptors.open()).isEqualTo(open);
            Future<Void> exit = process.exitFuture(group.next());
            group.next().submit(() -> {}).syncUninterruptibly();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
            assertThat(exit.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(exit.isCancelled()).isTrue();
            assertThat(process.exitFuture(group.next()).await(30, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(Descriptors.settled()).isLessThanOrEqualTo(open);
            assertThat(channel.isActive()).isTrue();
            assertThat(peer.pid()).isPositive();
        } finally {
            other.shutdownGracefully(0, 5, TimeUnit.SECONDS);
        }
    }

    private static ProcessFacts facts(PeerProcess process) throws Exception {
        return process.facts(Runnable::run).get(30, TimeUnit.SECONDS);
    }

    @Test
    void facts_ofAProcessWithAHostileName() throws Exception {
        try (TestServer server = server();
                Peer peer = Peer.start(
                        Peer.as(1000, 1000, "-", "name", ") (\n) S 1 2 3", "connect", server.path(), "await"))) {
            ProcessFacts facts = facts(process(server));
            Instant start = ProcessHandle.of(peer.pid())
                    .orElseThrow()
                    .info()
                    .startInstant()
                    .orElseThrow();
            assertThat(facts.start().orElseThrow().time()).isBetween(start.minusSeconds(2), start.plusSeconds(2));
            assertThat(Files.readString(Path.of("/proc/" + peer.pid() + "/stat")))
                    .contains(" " + facts.start().orElseThrow().ticks() + " ")
                    .contains("(\n)");
            assertThat(facts.capabilities().orElseThrow().effective()).isZero();
            assertThat(facts.capabilities().orElseThrow().permitted()).isZero();
            assertThat(Files.readAllLines(Path.of("/proc/" + peer.pid() + "/cgroup")))
                    .anyMatch(line -> line.endsWith(":" + facts.cgroup().orElseThrow()));
            assertThat(facts.unit().value().isPresent()
                            || facts.unit().absence().isPresent())
                    .isTrue();
        }
    }

    @Test
    void facts_ofRoot_haveItsCapabilities() throws Exception {
        try (TestServer server = server();
                Peer peer = Peer.start("connect", server.path(), "await")) {
            ProcessFacts facts = facts(process(server));
            String own = Files.readAllLines(Path.of("/proc/" + peer.pid() + "/status")).stream()
                    .filter(line -> line.startsWith("CapEff:"))
                    .findFirst()
                    .orElseThrow();
            assertThat(own)
                    .endsWith(
                            Long.toHexString(facts.capabilities().orElseThrow().effective()));
            assertThat(facts.capabilities().orElseThrow().isEffective(7))
                    .as("CAP_SETUID")
                    .isTrue();
        }
    }

    @Test
    void facts_ofADeletedExecutable_sayThatItIs(@TempDir Path folder) throws Exception {
        Path program = Files.copy(Path.of(Peer.PROGRAM), folder.resolve("peer \n) ("));
        assertThat(program.toFile().setExecutable(true)).isTrue();
        try (TestServer server = server();
                Peer peer = Peer.startProgram(List.of(program.toString(), "connect", server.path(), "await"))) {
            PeerProcess process = process(server);
            Path real = program.toRealPath();
            Files.delete(program);
            ProcessFacts facts = facts(process);
            assertThat(facts.executable().orElseThrow()).isEqualTo(real + " (deleted)");
            assertThat(facts.executable().toString()).doesNotContain("\n");
            assertThat(facts.start().value()).isPresent();
            assertThat(peer.pid()).isPositive();
        }
    }

    @Test
    void facts_ofMegabytesOfCommandLine_areTheOthers() throws Exception {
        try (TestServer server = server()) {
            List<String> script = new ArrayList<>(List.of("connect", server.path(), "await"));
            for (int i = 0; i < 16; i++) {
                script.addAll(List.of("say", "x".repeat(100_000)));
            }
            try (Peer peer = Peer.start(script.toArray(new String[0]))) {
                ProcessFacts facts = facts(process(server));
                assertThat(AbstractConnectTest.reason(facts.commandLine())).isEqualTo(AbsenceReason.TRUNCATED);
                assertThat(facts.executable().value()).isPresent();
                assertThat(facts.capabilities().value()).isPresent();
                assertThat(peer.pid()).isPositive();
            }
        }
    }

    @Test
    void facts_ofAZombie_areItsOwn_andOfAReapedOneNone() throws Exception {
        try (TestServer server = server();
                Peer parent = Peer.start("zombie", "connect", server.path(), "await")) {
            PeerProcess process = process(server).duplicate();
            parent.go();
            assertThat(parent.line()).startsWith("zombie ");
            ProcessFacts zombie = facts(process);
            assertThat(zombie.start().value()).isPresent();
            assertThat(AbstractConnectTest.reason(zombie.executable())).isEqualTo(AbsenceReason.UNAVAILABLE);
            parent.go();
            assertThat(parent.line()).isEqualTo("reaped");
            ProcessFacts reaped = facts(process);
            assertThat(List.of(
                            AbstractConnectTest.reason(reaped.start()),
                            AbstractConnectTest.reason(reaped.cgroup()),
                            AbstractConnectTest.reason(reaped.unit()),
                            AbstractConnectTest.reason(reaped.capabilities())))
                    .containsOnly(AbsenceReason.REAPED);
            parent.go();
            process.close();
        }
    }
}
