// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.authz.PeerDecision;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerExplanation;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.ProcessEvidence;
import io.github.nettypeercred.process.ProcessFacts;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a policy says of a peer, as it is shown.
 *
 * @param explanation the decision and why; null without a policy
 */
record Verdict(@Nullable PeerExplanation explanation) {
    static final Verdict NONE = new Verdict(null);

    /** Asks a policy, if there is one. */
    static Verdict of(@Nullable PeerPolicy policy, PeerEvidence evidence, Optional<ProcessFacts> facts) {
        if (policy == null) {
            return NONE;
        }
        PeerEvidence all = facts.map(known -> evidence.withProcess(
                        new ProcessEvidence(known.executable(), known.commandLine(), known.unit())))
                .orElse(evidence);
        return new Verdict(policy.explain(all));
    }

    /** Returns the decision, empty without a policy. */
    Optional<PeerDecision> decision() {
        return Optional.ofNullable(explanation).map(PeerExplanation::decision);
    }

    static String word(PeerDecision decision) {
        return decision.isAllowed() ? "allow" : "deny";
    }

    static Optional<String> rule(PeerDecision decision) {
        return decision instanceof PeerDecision.Allow allow
                ? Optional.of(allow.rule())
                : ((PeerDecision.Deny) decision).rule();
    }

    /** Returns the grants in alphabetic order. */
    static Set<String> grants(PeerDecision decision) {
        return decision instanceof PeerDecision.Allow allow ? new TreeSet<>(allow.grants()) : Set.of();
    }
}
