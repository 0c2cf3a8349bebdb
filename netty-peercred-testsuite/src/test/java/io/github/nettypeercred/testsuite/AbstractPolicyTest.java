// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.ProcessEvidence;
import io.github.nettypeercred.process.ProcessFacts;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Policies on the credentials of real processes. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractPolicyTest {
    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    private TestServer connections() {
        return TestServer.start(transport(), child -> child.pipeline()
                .addLast(PeerCredentialsHandler.builder().groups().process().build()));
    }

    private static String decision(TestServer server, PeerPolicy policy, long uid, long gid, String groups) {
        try (Peer peer = Peer.start(Peer.as(uid, gid, groups, "connect", server.path(), "await"))) {
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(credentials.pid()).hasValue(peer.pid());
            String decision = policy.decide(credentials).toString();
            while (!server.next().what().equals("active")) {
                // events of the same connection
            }
            peer.go();
            while (!server.next().what().equals("inactive")) {
                // events of the same connection
            }
            return decision;
        }
    }

    @Test
    void ids_ofWhoConnected_areHeldAgainstTheRules() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("masters", rule -> rule.root().server().grants("all"))
                .deny("suspended", rule -> rule.user(1003))
                .allow("operators", rule -> rule.group(27).grants("read-all"))
                .allow("mail", rule -> rule.primaryGroup(8))
                .allow("by name", rule -> rule.user("nobody"))
                .allow("range", rule -> rule.userRange(4294967000L, 4294967294L).mechanism(Mechanism.SO_PEERCRED))
                .allow("senders", rule -> rule.anyUser().moment(Moment.FIRST_READ))
                .build();
        try (TestServer server = connections()) {
            assertThat(decision(server, policy, 0, 0, "-")).isEqualTo("allowed by rule 'masters', grants all");
            assertThat(decision(server, policy, 1000, 100, "-")).isEqualTo("denied: no rule matched");
            assertThat(decision(server, policy, 1000, 100, "5,27"))
                    .isEqualTo("allowed by rule 'operators', grants read-all");
            assertThat(decision(server, policy, 1000, 27, "-"))
                    .isEqualTo("allowed by rule 'operators', grants read-all");
            assertThat(decision(server, policy, 1003, 27, "27")).isEqualTo("denied by rule 'suspended'");
            assertThat(decision(server, policy, 1000, 8, "-")).isEqualTo("allowed by rule 'mail'");
            assertThat(decision(server, policy, 1000, 100, "8")).isEqualTo("denied: no rule matched");
            assertThat(decision(server, policy, 65534, 65534, "-")).isEqualTo("allowed by rule 'by name'");
            assertThat(decision(server, policy, 4294967290L, 1, "-")).isEqualTo("allowed by rule 'range'");
        }
    }

    @Test
    void clientInANamespace_thatShedItsGroups_gainsNothing() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("operators", rule -> rule.group(27).grants("read-all"))
                .build();
        try (TestServer server = connections()) {
            List<String> command = new ArrayList<>(
                    List.of("setpriv", "--reuid=1000", "--regid=100", "--groups=27", "unshare", "--user"));
            command.addAll(Peer.command("connect", server.path(), "await"));
            try (Peer peer = Peer.startProgram(command)) {
                UnixPeerCredentials credentials = server.nextCredentials();
                assertThat(credentials.uid()).isEqualTo(1000);
                assertThat(credentials.pid()).hasValue(peer.pid());
                assertThat(policy.decide(credentials)).hasToString("allowed by rule 'operators', grants read-all");
            }
        }
    }

    @Test
    void executable_deniesAndNeverAllows_andConnectWriteExecGainsNothing() {
        PeerPolicy policy = PeerPolicy.builder()
                .deny("cat", rule -> rule.executable("/bin/cat", "/usr/bin/cat"))
                .allow("users", rule -> rule.userRange(1000, 1999))
                .build();
        assertThat(policy.needsProcess()).isTrue();
        try (TestServer server = connections();
                Peer peer = Peer.start(
                        Peer.as(1000, 100, "-", "connect", server.path(), "write", "x", "await", "exec", "/bin/cat"))) {
            UnixPeerCredentials credentials = server.nextCredentials();
            assertThat(policy.decide(credentials))
                    .hasToString("denied by rule 'cat': the rule denies by what the process is, and that is unknown");
            assertThat(decide(policy, credentials)).hasToString("allowed by rule 'users'");
            peer.go();
            PeerDecision decision = decide(policy, credentials);
            for (int i = 0; i < 1000 && decision.isAllowed(); i++) {
                sleep();
                decision = decide(policy, credentials);
            }
            assertThat(decision).hasToString("denied by rule 'cat'");
        }
    }

    private static PeerDecision decide(PeerPolicy policy, UnixPeerCredentials credentials) {
        ProcessFacts facts =
                credentials.process().orElseThrow().facts(Runnable::run).join();
        return policy.decide(PeerEvidence.of(credentials)
                .withProcess(new ProcessEvidence(
                        facts.executable(),
                        facts.commandLine(),
                        Answer.unknown(new Absence(AbsenceReason.UNSUPPORTED, "not looked up")))));
    }

    private static void sleep() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void sender_isWhoConnected_orTheRuleSaysOtherwise() {
        PeerPolicy strict = PeerPolicy.builder()
                .allow("users", rule -> rule.userRange(1000, 1999).moment(Moment.FIRST_READ))
                .build();
        PeerPolicy open = PeerPolicy.builder()
                .allow("users", rule -> rule.userRange(1000, 1999).senderMayDiffer())
                .build();
        PeerPolicy groups =
                PeerPolicy.builder().allow("operators", rule -> rule.group(27)).build();
        PeerPolicy connector = PeerPolicy.builder()
                .deny("suspended", rule -> rule.root())
                .allow("all", rule -> rule.anyUser().senderMayDiffer())
                .build();
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                .addLast(PeerCredentialsHandler.builder()
                        .groups()
                        .connectAndFirstRead()
                        .build()))) {
            // connects as root, sends as 1000
            PeerEvidence differing = evidence(
                    server, "connect", server.path(), "uid", "1000", "1000", "1000", "await", "write", "x", "await");
            assertThat(strict.decide(differing)).hasToString("denied: no rule matched");
            assertThat(strict.explain(differing).toString())
                    .endsWith("wants the sender to be who connected, user 0 connected and 1000 sent");
            assertThat(open.decide(differing)).hasToString("allowed by rule 'users'");
            assertThat(connector.decide(differing)).hasToString("denied by rule 'suspended'");
            assertThat(groups.decide(differing)).hasToString("denied: no rule matched");

            PeerEvidence same = evidence(
                    server, Peer.as(1000, 100, "27", "connect", server.path(), "await", "write", "x", "await"));
            assertThat(strict.decide(same)).hasToString("allowed by rule 'users'");
            assertThat(groups.decide(same)).hasToString("allowed by rule 'operators'");
        }
    }

    /** What is known after the first read of a peer that awaits after it has connected, and after it has written. */
    private static PeerEvidence evidence(TestServer server, String... script) {
        try (Peer peer = Peer.start(script)) {
            TestServer.Seen seen = server.next();
            while (!seen.what().equals("active")) {
                seen = server.next();
            }
            peer.go(); // with the handler there, so that no byte is ahead of it
            while (!seen.what().equals("read x")) {
                seen = server.next();
            }
            Channel channel = seen.channel();
            PeerEvidence evidence = PeerEvidence.of(
                    UnixPeerCredentials.of(channel, Moment.CONNECT),
                    UnixPeerCredentials.of(channel, Moment.FIRST_READ));
            peer.go();
            while (!server.next().what().equals("inactive")) {
                // events of the same connection
            }
            return evidence;
        }
    }
}
