// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.PeerProcess;
import io.netty.channel.Channel;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The process and the label of who sent the first bytes, and the descriptors that may come with these. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractSenderProcessTest {
    private static final int EMFILE = 24;
    private static final String ONE_FAILED_WITH_EPERM = "1 1";

    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    private TestServer start(PeerCredentialsHandler.Builder handler) {
        return TestServer.start(
                transport(), PeerCredentialsAcceptHandler.builder().firstRead().build(), child -> child.pipeline()
                        .addLast(handler.build()));
    }

    private static PeerCredentialsHandler.Builder firstRead() {
        return PeerCredentialsHandler.builder().firstRead();
    }

    private static UnixPeerCredentials captured(TestServer server) {
        TestServer.Seen seen = server.next();
        assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Captured.class);
        return ((PeerCredentialsEvent.Captured) seen.what()).result();
    }

    @Test
    void senderProcess_livesAsLongAsTheSender_andItsHandleAsLongAsTheChannel() {
        try (TestServer server = start(firstRead().senderProcess());
                Peer peer = Peer.start(
                        Peer.as(1000, 1001, "-", "connect", server.path(), "await", "write", "x", "zombie", "close"))) {
            Channel channel = server.next().channel();
            long before = Descriptors.open();
            peer.go();
            UnixPeerCredentials sender = captured(server);
            assertThat(sender.uid()).isEqualTo(1000);
            assertThat(sender.gid()).isEqualTo(1001);
            assertThat(sender.pid()).hasValue(peer.pid());
            PeerProcess process = sender.process().orElseThrow();
            assertThat(process.currentIds().orElseThrow().pid()).isEqualTo(peer.pid());
            assertThat(process.isAlive()).isTrue();
            assertThat(Descriptors.open()).isEqualTo(before + 1);
            channel.close().syncUninterruptibly();
            await().atMost(30, TimeUnit.SECONDS).until(() -> Descriptors.open() < before);
        }
    }

    @Test
    void senderProcess_ofASocketThatWasPassedOn_isNotTheConnectorsProcess() {
        try (TestServer server = start(PeerCredentialsHandler.builder()
                        .connectAndFirstRead()
                        .process()
                        .senderProcess());
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "pass",
                        "uid",
                        "1000",
                        "1000",
                        "1000",
                        "pid",
                        "write",
                        "x",
                        "await")) {
            UnixPeerCredentials connector = captured(server);
            assertThat(server.next().what()).isEqualTo("active");
            UnixPeerCredentials sender = captured(server);
            int writer = Integer.parseInt(peer.line());
            assertThat(pid(connector)).isEqualTo(peer.pid());
            assertThat(pid(sender)).isEqualTo(writer);
            assertThat(sender.pid()).hasValue(writer);
            assertThat(sender.uid()).isEqualTo(1000);
        }
    }

    private static long pid(UnixPeerCredentials credentials) {
        return credentials.process().orElseThrow().currentIds().orElseThrow().pid();
    }

    @Test
    void senderProcess_isNotCrowdedOutByPassedDescriptors_andNoneOfThemStaysOpen() {
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder().firstRead().build(),
                        child -> {
                            child.config().setAutoRead(false);
                            child.pipeline()
                                    .addLast(firstRead()
                                            .senderProcess()
                                            .senderLabel()
                                            .build());
                        });
                Peer peer = Peer.start("connect", server.path(), "await", "passmany", "10000", "253", "x", "await")) {
            Channel channel = server.next().channel();
            long before = Descriptors.open();
            peer.go();
            channel.read();
            UnixPeerCredentials sender = captured(server);
            assertThat(pid(sender)).isEqualTo(peer.pid());
            assertThat(Descriptors.open()).isEqualTo(before + 1);
            channel.config().setAutoRead(true);
            assertThat(peer.line()).isEqualTo("0 0");
            int bytes = 0;
            while (bytes < 10_000) {
                bytes += server.next().what().toString().length() - "read ".length();
            }
            assertThat(Descriptors.open()).isEqualTo(before + 1);
        }
    }

    @Test
    void senderProcess_withoutADescriptorToSpare_isUnknown_andTheIdsAreExact() {
        try (TestServer server = start(firstRead().senderProcess());
                Peer peer = Peer.start(Peer.as(
                        1000, 1000, "-", "connect", server.path(), "await", "passmany", "1", "253", "x", "await"));
                Peer limiter = limiter()) {
            server.next();
            long before = Descriptors.open();
            limiter.go();
            assertThat(limiter.line()).isEqualTo("limited");
            peer.go();
            UnixPeerCredentials sender = captured(server);
            limiter.go();
            assertThat(limiter.line()).isEqualTo("as before");
            assertThat(sender.uid()).isEqualTo(1000);
            assertThat(sender.pid()).hasValue(peer.pid());
            assertThat(sender.process().absence().orElseThrow().reason()).isEqualTo(AbsenceReason.FAILED);
            assertThat(sender.process().absence().orElseThrow().errno()).hasValue(EMFILE);
            assertThat(Descriptors.open()).isLessThanOrEqualTo(before);
        }
    }

    /** A program that lets this process open no more descriptors, and then as many as before: prlimit(1). */
    private static Peer limiter() {
        String prlimit = "prlimit --pid " + ProcessHandle.current().pid() + " --nofile=";
        return Peer.startProgram(List.of(
                "sh",
                "-c",
                "read line; " + prlimit + "3: && echo limited; read line; " + prlimit
                        + "$(ulimit -Hn): && echo as before; read line"));
    }

    @Test
    void senderLabel_whereNoSecurityModuleLabelsSockets_saysSo() {
        assumeTrue(!Files.exists(Path.of("/sys/kernel/security/lsm")), "left out: a security module may be active");
        try (TestServer server = start(firstRead().senderLabel());
                Peer peer = Peer.start("connect", server.path(), "write", "x", "await")) {
            server.next();
            UnixPeerCredentials sender = captured(server);
            assertThat(sender.pid()).hasValue(peer.pid());
            assertThat(sender.label().absence().orElseThrow().reason()).isEqualTo(AbsenceReason.UNSUPPORTED);
            assertThat(sender.label().absence().orElseThrow().message()).contains("SCM_SECURITY");
            assertThat(AbstractConnectTest.reason(sender.process())).isEqualTo(AbsenceReason.NOT_REQUESTED);
        }
    }

    @Test
    void refuseDescriptors_onTheListener_givesWhoPassesSomeEperm() {
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder()
                                .refuseDescriptors()
                                .build(),
                        child -> child.pipeline().addLast(new PeerCredentialsHandler()));
                Peer peer = Peer.start("connect", server.path(), "passmany", "1", "1", "x", "write", "y", "await")) {
            assertThat(peer.line()).isEqualTo(ONE_FAILED_WITH_EPERM);
            captured(server);
            assertThat(server.next().what()).isEqualTo("active");
            assertThat(server.next().what()).isEqualTo("read y");
        }
    }

    @Test
    void refuseDescriptors_onTheConnection_givesWhoPassesSomeEperm() {
        try (TestServer server = start(PeerCredentialsHandler.builder().refuseDescriptors());
                Peer peer = Peer.start(
                        "connect", server.path(), "await", "passmany", "1", "1", "x", "write", "y", "await")) {
            captured(server);
            assertThat(server.next().what()).isEqualTo("active");
            peer.go();
            assertThat(peer.line()).isEqualTo(ONE_FAILED_WITH_EPERM);
            assertThat(server.next().what()).isEqualTo("read y");
        }
    }

    @Test
    void refuseDescriptors_onAnExecutorOfItsOwn_givesWhoPassesSomeEperm() {
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                        .addLast(
                                executors,
                                PeerCredentialsHandler.builder()
                                        .refuseDescriptors()
                                        .build()));
                Peer peer = Peer.start(
                        "connect", server.path(), "await", "passmany", "1", "1", "x", "write", "y", "await")) {
            captured(server);
            assertThat(server.next().what()).isEqualTo("active");
            peer.go();
            assertThat(peer.line()).isEqualTo(ONE_FAILED_WITH_EPERM);
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void optionsOfTheSender_withoutFirstRead_areNotBuilt() {
        assertThatThrownBy(
                        () -> PeerCredentialsHandler.builder().senderProcess().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("firstRead()");
        assertThatThrownBy(() -> PeerCredentialsHandler.builder().senderLabel().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("firstRead()");
    }
}
