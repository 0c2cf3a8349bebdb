// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients in other processes under other users, over a real socket. */
@Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GrpcPeerCredentialsTest {
    /** Users that no machine has. */
    private static final long ALICE = 4294967290L;

    private static final long BOB = 70002;
    private static final long MALLORY = 70003;
    private static final long GID = 70100;

    @BeforeAll
    static void needRoot() {
        OtherUser.needRoot();
    }

    private static PeerPolicy policy() {
        return PeerPolicy.builder()
                .allow("secret rule of alice", rule -> rule.user(ALICE).grants("jobs.use", "jobs.cancel"))
                .allow("secret rule of bob", rule -> rule.user(BOB).grants("jobs.use"))
                .build();
    }

    private static PeerAuthorization authorization() {
        return PeerAuthorization.builder(policy()).decideAgain().build();
    }

    private static GrpcPeerCredentials peers(PeerAuthorization authorization) {
        return GrpcPeerCredentials.builder(authorization)
                .requireGrant("jobs.Jobs", "jobs.use")
                .requireGrant(Jobs.CANCEL, "jobs.cancel")
                .allow("grpc.health.v1.Health")
                .context()
                .build();
    }

    @ParameterizedTest
    @EnumSource(Security.class)
    void calls_ofEachKind_knowTheirPeerExactly(Security security) {
        try (Served served = Served.by(peers(authorization()), security);
                OtherUser alice = served.client(ALICE, GID, security)) {
            String ids = alice.ids();
            assertThat(alice.ask("submit hello")).isEqualTo("OK " + ids + " hello");
            assertThat(alice.ask("list 100")).isEqualTo("OK 100 " + ids + " 99");
            assertThat(alice.ask("upload 100")).isEqualTo("OK " + ids + " 100");
            assertThat(alice.ask("watch 100")).isEqualTo("OK 100 " + ids + " 0");
            assertThat(alice.ask("cancel it")).isEqualTo("OK " + ids + " it");
            assertThat(alice.ask("check up")).isEqualTo("OK " + ids + " up");
            assertThat(alice.ask("reconnect")).isEqualTo("reconnected");
            assertThat(alice.ask("submit again")).isEqualTo("OK " + ids + " again");
            assertThat(alice.ask("idle")).isEqualTo("idle");
            assertThat(alice.ask("submit third")).isEqualTo("OK " + ids + " third");
        }
    }

    @ParameterizedTest
    @EnumSource(Security.class)
    void call_withoutItsGrant_isRefusedAloneAndSaysNothing(Security security) {
        PeerAuthorization authorization = authorization();
        try (Served served = Served.by(peers(authorization), security);
                OtherUser bob = served.client(BOB, GID, security)) {
            assertThat(bob.ask("hold")).isEqualTo("held " + bob.ids() + " first");
            assertThat(bob.ask("cancel it")).isEqualTo("PERMISSION_DENIED null");
            assertThat(bob.ask("drop all")).isEqualTo("PERMISSION_DENIED null");
            assertThat(bob.ask("submit hello")).isEqualTo("OK " + bob.ids() + " hello");
            assertThat(bob.ask("check up")).isEqualTo("OK " + bob.ids() + " up");
            assertThat(served.jobs.calls).hasValue(3);
            assertThat(authorization.counters().refused()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(Security.class)
    void peer_thatIsDenied_reachesNoServiceAndIsToldNothing(Security security) {
        PeerAuthorization authorization = authorization();
        try (Served served = Served.by(peers(authorization), security);
                OtherUser mallory = served.client(MALLORY, GID, security)) {
            for (String call : List.of("submit x", "list 3", "upload 3", "watch 3", "check x")) {
                String answer = mallory.ask(call);
                assertThat(answer).startsWith(security == Security.PLAINTEXT ? "PERMISSION_DENIED " : "UNAVAILABLE ");
                assertThat(answer)
                        .doesNotContain(Long.toString(MALLORY), Long.toString(ALICE), "rule", "secret", "alice");
            }
            assertThat(served.jobs.calls).hasValue(0);
            assertThat(authorization.counters().denied()).isGreaterThanOrEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(Security.class)
    void reload_closesRevokedConnectionsWithTheirCallsAndChangesGrants(Security security) {
        PeerAuthorization authorization = authorization();
        try (Served served = Served.by(peers(authorization), security);
                OtherUser alice = served.client(ALICE, GID, security);
                OtherUser bob = served.client(BOB, GID, security)) {
            assertThat(alice.ask("hold")).isEqualTo("held " + alice.ids() + " first");
            assertThat(bob.ask("hold")).isEqualTo("held " + bob.ids() + " first");

            authorization.replace(PeerPolicy.builder()
                    .allow("bob is promoted", rule -> rule.user(BOB).grants("jobs.use", "jobs.cancel"))
                    .build());

            assertThat(alice.line()).startsWith("ended UNAVAILABLE ");
            assertThat(alice.ask("submit x"))
                    .startsWith(security == Security.PLAINTEXT ? "PERMISSION_DENIED " : "UNAVAILABLE ");
            assertThat(bob.ask("cancel it")).isEqualTo("OK " + bob.ids() + " it");
            assertThat(bob.ask("submit x")).isEqualTo("OK " + bob.ids() + " x");
            assertThat(authorization.counters().revoked()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(Security.class)
    void channels_ofManyUsersAtOnce_eachSeeTheirOwn(Security security) {
        PeerAuthorization anybody = PeerAuthorization.of(
                PeerPolicy.builder().allow("everybody", rule -> rule.anyUser()).build());
        GrpcPeerCredentials peers =
                GrpcPeerCredentials.builder(anybody).context().build();
        List<OtherUser> users = new ArrayList<>();
        try (Served served = Served.by(peers, security)) {
            long before = Descriptors.settled();
            for (int i = 0; i < 5; i++) {
                users.add(served.client(71000 + i, 72000 + i, security));
            }
            int each = security == Security.PLAINTEXT ? 40 : 8; // a handshake takes its time
            users.forEach(user -> user.say("many " + each));
            for (OtherUser user : users) {
                assertThat(user.line()).isEqualTo("{" + user.ids() + " many=" + each + "}");
            }
            assertThat(served.jobs.calls).hasValue(5 * each);
            assertThat(anybody.counters().allowed()).isEqualTo(5L * each);
            users.forEach(OtherUser::close);
            users.clear();
            Descriptors.awaitAtMost(before);
        } finally {
            users.forEach(OtherUser::close);
        }
    }

    @Test
    void denied_connections_leaveNoDescriptorOpen() {
        try (Served served = Served.by(peers(authorization()), Security.PLAINTEXT);
                OtherUser mallory = served.client(MALLORY, GID, Security.PLAINTEXT)) {
            mallory.ask("submit x");
            long before = Descriptors.settled();
            for (int i = 0; i < 20; i++) {
                mallory.ask("reconnect");
                assertThat(mallory.ask("submit x")).startsWith("PERMISSION_DENIED ");
            }
            Descriptors.awaitAtMost(before);
        }
    }
}
