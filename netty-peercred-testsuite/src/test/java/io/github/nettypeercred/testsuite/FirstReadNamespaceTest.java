// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** First reads by a server, or of a peer, in a user and pid namespace of its own. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FirstReadNamespaceTest {
    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    @Test
    void serverOfFirstReads_thatMapsRootOnly_takesNobodyElseForAnybody() {
        Path path = TestServer.newPath();
        try (Peer server = NamespaceTest.startServer(path, "first-read")) {
            assertThat(NamespaceTest.seenBy(
                            server, Peer.as(0, 0, "10", "connect", path.toString(), "write", "x", "await")))
                    .isEqualTo("uid=0 gid=0 source=SCM_CREDENTIALS/FIRST_READ/SENDER_CHOSEN"
                            + " pid=OptionalInt.empty alive=true ids=UNMAPPED");
            for (long uid : new long[] {1000, 65534, 4294967290L}) {
                assertThat(NamespaceTest.seenBy(
                                server, Peer.as(uid, 0, "-", "connect", path.toString(), "write", "x", "await")))
                        .isIn("UNMAPPED", "RACED"); // what is sent before the option is on looks the same
            }
        }
    }

    @Test
    void senderInNamespaces_isSeenUnderTheIdsOfTheServersOwn() {
        try (TestServer server = TestServer.start(
                TestTransport.EPOLL,
                PeerCredentialsAcceptHandler.builder().firstRead().build(),
                child -> child.pipeline()
                        .addLast(PeerCredentialsHandler.builder().firstRead().build()))) {
            List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=1000", "--regid=100", "--clear-groups"));
            command.addAll(NamespaceTest.unshare());
            command.addAll(Peer.command("pid", "connect", server.path(), "write", "x", "await"));
            try (Peer peer = Peer.startProgram(command)) {
                assertThat(peer.line()).isEqualTo("1");
                assertThat(server.next().what()).isEqualTo("active");
                PeerCredentialsEvent.Captured captured =
                        (PeerCredentialsEvent.Captured) server.next().what();
                assertThat(captured.result().uid()).isEqualTo(1000);
                assertThat(captured.result().gid()).isEqualTo(100);
                assertThat(captured.result().pid().getAsInt()).isGreaterThan(1);
            }
        }
    }
}
