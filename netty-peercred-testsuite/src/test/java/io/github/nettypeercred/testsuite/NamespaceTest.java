// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server, or a peer, in a user and pid namespace of its own: user_namespaces(7), pid_namespaces(7). */
@Tag("netty-4.1")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NamespaceTest {
    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    @Test
    void server_thatMapsRootOnly_takesNobodyElseForAnybody() {
        Path path = TestServer.newPath();
        try (Peer server = startServer(path, "connect")) {
            assertThat(seenBy(server, Peer.as(0, 0, "10,20,30", "connect", path.toString(), "await")))
                    .isEqualTo("uid=0 gid=0 groups=[; 3 unmapped] source=SO_PEERCRED/CONNECT/EFFECTIVE"
                            + " pid=OptionalInt.empty alive=true ids=UNMAPPED");
            assertThat(seenBy(server, Peer.as(0, 0, "0,20", "connect", path.toString(), "await")))
                    .startsWith("uid=0 gid=0 groups=[0; 1 unmapped] ");
            for (long uid : new long[] {1000, 65534, 4294967290L}) {
                assertThat(seenBy(server, Peer.as(uid, 0, "-", "connect", path.toString(), "await")))
                        .isEqualTo("UNMAPPED");
            }
            assertThat(seenBy(server, Peer.as(0, 1000, "-", "connect", path.toString(), "await")))
                    .isEqualTo("UNMAPPED");
        }
    }

    static Peer startServer(Path path, String mode) {
        List<String> command = new ArrayList<>(unshare());
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData", // its file has the pid in its name, of which there is one in every pid namespace
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                NamespaceServer.class.getName(),
                path.toString(),
                mode));
        Peer server = Peer.startProgram(command);
        assertThat(server.line()).isEqualTo("ready");
        TestServer.openToAll(path);
        return server;
    }

    @Test
    void peer_inNamespaces_isSeenUnderTheIdsOfTheServersOwn() {
        try (TestServer server = TestServer.start(
                TestTransport.EPOLL, child -> child.pipeline().addLast(new PeerCredentialsHandler()))) {
            List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=1000", "--regid=100", "--clear-groups"));
            command.addAll(unshare());
            command.addAll(Peer.command("pid", "connect", server.path(), "await"));
            try (Peer peer = Peer.startProgram(command)) {
                assertThat(peer.line()).isEqualTo("1");
                UnixPeerCredentials credentials = server.nextCredentials();
                assertThat(credentials.uid()).isEqualTo(1000);
                assertThat(credentials.gid()).isEqualTo(100);
                assertThat(credentials.pid().getAsInt()).isGreaterThan(1);
            }
        }
    }

    static List<String> unshare() {
        return List.of("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc");
    }

    static String seenBy(Peer server, String... script) {
        try (Peer peer = Peer.start(script)) {
            assertThat(peer.pid()).isPositive();
            return server.line();
        }
    }
}
