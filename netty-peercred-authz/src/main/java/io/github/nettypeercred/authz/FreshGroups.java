// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import java.util.Set;

/**
 * Decides about a peer that was let in some time ago, of whose attested groups only those count that the account database still lists. The
 * database takes away and never gives: a group that was not attested is not the peer's, whatever the database says.
 */
final class FreshGroups {
    private FreshGroups() {}

    static PeerDecision decide(PeerPolicy policy, PeerEvidence evidence, Set<Long> listed) {
        if (evidence.certificateDenial() != null || !(evidence.subject() instanceof UnixPeerCredentials peer)) {
            return policy.decide(evidence);
        }
        PeerCredentialsResult connection = evidence.connection();
        for (CompiledRule rule : policy.compiled()) {
            int verdict = rule.groups == null && rule.primaryGroups == null
                    ? rule.test(peer, connection, evidence.process(), evidence.verified(), 0)
                    : testGroups(rule, peer, evidence, listed);
            if (verdict == CompiledRule.NO
                    && evidence.message() != null
                    && rule.deniesConnectorToo()
                    && connection instanceof UnixPeerCredentials connected) {
                verdict = rule.test(connected, connection, null, evidence.verified(), 0);
            }
            if (verdict != CompiledRule.NO) {
                return rule.decision(verdict);
            }
        }
        return PeerPolicy.NO_RULE;
    }

    private static int testGroups(
            CompiledRule rule, UnixPeerCredentials peer, PeerEvidence evidence, Set<Long> listed) {
        if (rule.primaryGroups != null && !listed.contains(peer.gid())) {
            return CompiledRule.NO;
        }
        if (rule.groups != null && !hasListed(rule.groups, peer, evidence, listed)) {
            return CompiledRule.NO;
        }
        return rule.test(
                peer, evidence.connection(), evidence.process(), evidence.verified(), CompiledRule.GROUPS_HELD);
    }

    private static boolean hasListed(IdSet groups, UnixPeerCredentials peer, PeerEvidence evidence, Set<Long> listed) {
        if (groups.contains(peer.gid()) && listed.contains(peer.gid())) {
            return true;
        }
        SupplementaryGroups attested = Subject.groups(peer, evidence.connection());
        return attested != null && attested.stream().anyMatch(gid -> groups.contains(gid) && listed.contains(gid));
    }
}
