// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.authz.PeerDecision;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * One decision, on one of 256 peers in turn, each with four groups, all of whom are let in.
 *
 * <p>The large policy has a thousand times the rules of the small one, and its peers are of as many of its rules as there are peers.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PolicyBenchmark {
    private static final int PEERS = 256;
    private static final int RULES = 10_000;
    private static final int IDS_OF_A_RULE = 10;

    /** Policies and peers. */
    @State(Scope.Benchmark)
    public static class Policies {
        final PeerPolicy small = small();
        final PeerPolicy large = large();
        final PeerCredentialsResult[] smallPeers = new PeerCredentialsResult[PEERS];
        final PeerCredentialsResult[] groupPeers = new PeerCredentialsResult[PEERS];
        final PeerCredentialsResult[] largePeers = new PeerCredentialsResult[PEERS];

        /** Makes them. */
        public Policies() {
            Random random = new Random(1);
            for (int i = 0; i < PEERS; i++) {
                smallPeers[i] = peer(1000 + random.nextInt(2000), 100, 200);
                groupPeers[i] = peer(50_000 + random.nextInt(2000), 100, 27);
                largePeers[i] =
                        peer(100_000 + random.nextInt(RULES - 10) * 16 + random.nextInt(IDS_OF_A_RULE), 100, 200);
            }
        }

        private static PeerCredentialsResult peer(int uid, int gid, int group) {
            SupplementaryGroups groups = SupplementaryGroups.of(new int[] {300, 301, group, 302}, 0);
            return Internals.FACTORY.credentials(
                    uid, gid, 4711, Mechanism.SO_PEERCRED, Answer.known(groups), null, null);
        }

        private static PeerPolicy small() {
            return common(PeerPolicy.builder())
                    .allow("first thousand", rule -> rule.userRange(1000, 1999).grants("submit"))
                    .allow("second thousand", rule -> rule.userRange(2000, 2999).grants("submit"))
                    .build();
        }

        private static PeerPolicy large() {
            PeerPolicy.Builder builder = common(PeerPolicy.builder());
            for (int i = 0; i < RULES - 10; i++) {
                long first = 100_000 + i * 16L;
                builder.allow("rule " + i, rule -> {
                    for (int id = 0; id < IDS_OF_A_RULE; id++) {
                        rule.user(first + id);
                    }
                    rule.grants("submit");
                });
            }
            return builder.build();
        }

        private static PeerPolicy.Builder common(PeerPolicy.Builder builder) {
            return builder.allow("root", rule -> rule.root().grants("all"))
                    .deny("suspended", rule -> rule.user(77, 88, 99))
                    .deny("range", rule -> rule.userRange(60_000, 69_999))
                    .allow("operators", rule -> rule.group(27, 28).grants("read-all"))
                    .allow("mail", rule -> rule.primaryGroup(8).grants("deliver"))
                    .allow("print", rule -> rule.group(7).grants("print"))
                    .allow("cron", rule -> rule.user(5).group(6).grants("run"))
                    .allow("system", rule -> rule.userRange(200, 300));
        }
    }

    @Benchmark
    @OperationsPerInvocation(PEERS)
    public void decide1TenRules(Policies policies, Blackhole hole) {
        decide(policies.small, policies.smallPeers, hole);
    }

    @Benchmark
    @OperationsPerInvocation(PEERS)
    public void decide2TenRulesByGroup(Policies policies, Blackhole hole) {
        decide(policies.small, policies.groupPeers, hole);
    }

    @Benchmark
    @OperationsPerInvocation(PEERS)
    public void decide3TenThousandRules(Policies policies, Blackhole hole) {
        decide(policies.large, policies.largePeers, hole);
    }

    @Benchmark
    @OperationsPerInvocation(PEERS)
    public void decide4TenRulesOfEvidence(Policies policies, Blackhole hole) {
        for (PeerCredentialsResult peer : policies.smallPeers) {
            hole.consume(allowed(policies.small.decide(PeerEvidence.of(peer))));
        }
    }

    private static void decide(PeerPolicy policy, PeerCredentialsResult[] peers, Blackhole hole) {
        for (PeerCredentialsResult peer : peers) {
            hole.consume(allowed(policy.decide(peer)));
        }
    }

    private static PeerDecision allowed(PeerDecision decision) {
        if (!decision.isAllowed()) {
            throw new IllegalStateException(decision.toString());
        }
        return decision;
    }
}
