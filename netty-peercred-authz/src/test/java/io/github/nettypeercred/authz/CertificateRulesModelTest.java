// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Policies of rules about users and certificates against what the document says of each rule, one after the other. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CertificateRulesModelTest {
    private static final long SEED = Long.getLong("seed", 7);
    private static final int POLICIES = 3000;

    private static final List<String> IDS = List.of("spiffe://a/x", "spiffe://a/y", "spiffe://b/x");

    private record Rule(
            boolean allows, @Nullable Set<Long> users, @Nullable Set<String> ids, @Nullable Set<PeerKind> kinds) {

        boolean matches(PeerEvidence evidence) {
            PeerCertificate certificate = evidence.certificate() instanceof PeerCertificate known ? known : null;
            if (ids != null
                    && (certificate == null
                            || !ids.contains(certificate.spiffeId().orElseThrow()))) {
                return false;
            }
            PeerCredentialsResult peer = evidence.connection();
            PeerKind kind = peer == null
                    ? PeerKind.REMOTE
                    : !(peer instanceof UnixPeerCredentials known)
                            ? PeerKind.UNMAPPED
                            : known.pid().isPresent() ? PeerKind.VISIBLE : PeerKind.NOT_VISIBLE;
            if (!about().contains(kind)) {
                return false;
            }
            return users == null || (peer instanceof UnixPeerCredentials known && users.contains(known.uid()));
        }

        private Set<PeerKind> about() {
            if (kinds != null) {
                return kinds;
            }
            if (users != null) {
                return allows ? Set.of(PeerKind.VISIBLE) : Set.of(PeerKind.VISIBLE, PeerKind.NOT_VISIBLE);
            }
            return allows ? Set.of(PeerKind.REMOTE, PeerKind.VISIBLE) : EnumSet.allOf(PeerKind.class);
        }
    }

    private static @Nullable Rule rule(Random random) {
        boolean allows = random.nextBoolean();
        Set<Long> users = random.nextBoolean() ? null : random.nextBoolean() ? Set.of(1L, 2L) : Set.of(2L, 3L);
        Set<String> ids = random.nextBoolean()
                ? null
                : random.nextBoolean() ? Set.of(IDS.get(0), IDS.get(1)) : Set.of(IDS.get(1), IDS.get(2));
        Set<PeerKind> kinds = null;
        if (random.nextInt(3) == 0) {
            kinds = EnumSet.noneOf(PeerKind.class);
            for (PeerKind kind : PeerKind.values()) {
                if (random.nextBoolean()) {
                    kinds.add(kind);
                }
            }
        }
        boolean wrong = (kinds == null && users == null && ids == null)
                || (kinds != null && kinds.isEmpty())
                || (kinds != null
                        && users != null
                        && (kinds.contains(PeerKind.REMOTE) || kinds.contains(PeerKind.UNMAPPED)))
                || (kinds != null && kinds.contains(PeerKind.REMOTE) && allows && ids == null);
        return wrong ? null : new Rule(allows, users, ids, kinds);
    }

    private static RuleBuilder fill(RuleBuilder builder, Rule rule) {
        if (rule.users != null) {
            builder.user(rule.users.stream().mapToLong(Long::longValue).toArray());
        }
        if (rule.ids != null) {
            builder.spiffeId(rule.ids.toArray(new String[0]));
        }
        if (rule.kinds != null) {
            builder.peer(rule.kinds.toArray(new PeerKind[0]));
        }
        return builder;
    }

    private static List<PeerEvidence> peers() {
        List<@Nullable PeerCertificateResult> shown = new ArrayList<>();
        shown.add(null);
        for (String id : IDS) {
            shown.add(MadeCertificate.spiffe(id));
        }
        for (CertificateAbsence.Reason reason : CertificateAbsence.Reason.values()) {
            shown.add(new CertificateAbsence(reason, "made"));
        }
        List<@Nullable PeerCredentialsResult> connections = new ArrayList<>(Arrays.asList(
                null,
                new Absence(AbsenceReason.UNMAPPED, "made"),
                MadePeer.of(1, 1).make(),
                MadePeer.of(2, 1).make(),
                MadePeer.of(3, 1).notVisible().make(),
                MadePeer.of(4, 1).make()));
        List<PeerEvidence> peers = new ArrayList<>();
        for (PeerCredentialsResult connection : connections) {
            for (PeerCertificateResult certificate : shown) {
                if (connection != null || certificate != null) {
                    peers.add(new PeerEvidence(connection, null, null, certificate));
                }
            }
        }
        return peers;
    }

    @Test
    void policy_decidesAsItsRulesDoOneAfterTheOther() {
        Random random = new Random(SEED);
        List<PeerEvidence> peers = peers();
        int decided = 0;
        for (int i = 0; i < POLICIES; i++) {
            List<Rule> rules = new ArrayList<>();
            while (rules.size() < 1 + i % 5) {
                Rule rule = rule(random);
                if (rule != null) {
                    rules.add(rule);
                }
            }
            PeerPolicy policy;
            try {
                PeerPolicy.Builder builder = PeerPolicy.builder();
                for (int number = 0; number < rules.size(); number++) {
                    Rule rule = rules.get(number);
                    if (rule.allows) {
                        builder.allow("r" + number, each -> fill(each, rule));
                    } else {
                        builder.deny("r" + number, each -> fill(each, rule));
                    }
                }
                policy = builder.build(null);
            } catch (PolicyException e) {
                assertShadowed(e, rules, peers);
                continue;
            }
            for (PeerEvidence peer : peers) {
                assertThat(decision(policy.decide(peer)))
                        .as("%s on %s", rules, peer)
                        .isEqualTo(expected(rules, peer));
                decided++;
            }
        }
        assertThat(decided).isGreaterThan(POLICIES * peers.size() / 4);
    }

    /** A rule that is called unreachable is reached by none of the peers. */
    private static void assertShadowed(PolicyException e, List<Rule> rules, List<PeerEvidence> peers) {
        assertThat(e).hasMessageContaining("can never match");
        int number = Integer.parseInt(
                String.valueOf(e.getMessage()).replaceAll("(?s).*rule \"r([0-9]+)\" can never.*", "$1"));
        for (PeerEvidence peer : peers) {
            if (isDecidedByRules(peer)) {
                assertThat(expected(rules, peer)).as("%s on %s", rules, peer).isNotEqualTo("r" + number);
            }
        }
    }

    private static boolean isDecidedByRules(PeerEvidence peer) {
        return peer.certificate() == null
                || peer.certificate() instanceof PeerCertificate
                || (peer.certificate() instanceof CertificateAbsence absence
                        && absence.reason() == CertificateAbsence.Reason.NOT_SHOWN
                        && peer.connection() != null);
    }

    private static String expected(List<Rule> rules, PeerEvidence peer) {
        if (!isDecidedByRules(peer)) {
            return "none";
        }
        for (int number = 0; number < rules.size(); number++) {
            if (rules.get(number).matches(peer)) {
                return "r" + number;
            }
        }
        return "none";
    }

    private static String decision(PeerDecision decision) {
        return decision instanceof PeerDecision.Allow allow
                ? allow.rule()
                : ((PeerDecision.Deny) decision).rule().orElse("none");
    }
}
