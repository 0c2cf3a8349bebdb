// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.SupposedPeer;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.PolicyTable;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the mail queue of the README works, and that policies are shown and explained as docs/authorization.md says. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AuthorizationExamplesTest {
    @Test
    void mailQueue_letsOneGroupNameAnySender() {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: a peer under another user needs root");
        EventLoopGroup group = TestTransport.EPOLL.newGroup(1);
        Path path = TestServer.newPath();
        Channel server = MailQueueServer.start(group, path.toString());
        TestServer.openToAll(path);
        try {
            assertThat(answer(path, "-", "FROM 1000\n")).isEqualTo("queued");
            assertThat(answer(path, "-", "FROM 1001\n")).isEqualTo("refused: you are 1000");
            assertThat(answer(path, "8", "FROM 1001\n")).isEqualTo("queued");
        } finally {
            server.close().syncUninterruptibly();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static String answer(Path path, String groups, String line) {
        try (Peer peer = Peer.start(Peer.as(1000, 100, groups, "connect", path.toString(), "write", line, "hear"))) {
            return peer.line();
        }
    }

    @Test
    void policy_isShown_andExplained() {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: the table names the user that runs this");
        PeerPolicy policy = AuthorizationExamples.policy();
        assertThat(PolicyTable.of(policy))
                .containsExactly(
                        "   RULE       DECISION  WHO                                     GRANTS",
                        "1  masters    allow     user 0 (@root), 0 (@server)             read-all, send-as-anyone, submit",
                        "2  operators  allow     user 1000-59999, and group 4 (adm), 27  send-as-anyone, submit",
                        "3  suspended  deny      user 1003                               -",
                        "4  users      allow     user 1000-59999                         submit",
                        "              deny      everybody else                          -");
        assertThat(policy.explain(PeerEvidence.of(
                                SupposedPeer.of(1000, 100).groups(27).credentials()))
                        .toString())
                .isEqualTo("allowed by rule 'operators', grants send-as-anyone, submit");
        assertThat(policy.explain(PeerEvidence.of(
                                SupposedPeer.of(1003, 100).groups().credentials()))
                        .toString())
                .isEqualTo("denied by rule 'suspended'");
        assertThat(policy.explain(PeerEvidence.of(
                                SupposedPeer.of(231_072, 100).groups(27).credentials()))
                        .toString())
                .startsWith("denied: no rule matched; ");
    }
}
