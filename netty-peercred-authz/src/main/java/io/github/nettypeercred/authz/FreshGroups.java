// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * Decides about peers of one connection that were let in some time ago, of whose attested groups only those count that the account database
 * still lists. The database takes away and never gives: a group that was not attested is not the peer's, whatever the database says. Once
 * looked up, groups lost do not come back by a policy. It decides on any thread; the rest is for the channel's event loop alone.
 */
final class FreshGroups implements BiFunction<PeerPolicy, PeerEvidence, PeerDecision> {
    /** Of more users than these no group counts, since nobody will look theirs up. */
    private static final int MOST_USERS = 256;

    /** Which groups users whose access has an age have by now, by uid; empty for those whom nobody has looked up yet. */
    private volatile Map<Long, Optional<Set<Long>>> users = Map.of();

    private int version;

    /** Has the groups of a peer looked up when its age is over. */
    void watch(PeerEvidence evidence) {
        if (evidence.subject() instanceof UnixPeerCredentials peer
                && users.size() < MOST_USERS
                && !users.containsKey(peer.uid())) {
            set(peer.uid(), Optional.empty());
        }
    }

    private void set(long uid, Optional<Set<Long>> listed) {
        Map<Long, Optional<Set<Long>>> all = new HashMap<>(users);
        all.put(uid, listed);
        users = Map.copyOf(all);
    }

    /** Whose groups are to be looked up. */
    List<Long> users() {
        return List.copyOf(users.keySet());
    }

    void put(long uid, Set<Long> listed) {
        if (!Optional.of(listed).equals(users.get(uid))) {
            set(uid, Optional.of(listed));
            version++;
        }
    }

    /** Another number whenever it may decide otherwise. */
    int version() {
        return version;
    }

    @Override
    public PeerDecision apply(PeerPolicy policy, PeerEvidence evidence) {
        Map<Long, Optional<Set<Long>>> known = users;
        if (known.isEmpty() || !(evidence.subject() instanceof UnixPeerCredentials peer)) {
            return policy.decide(evidence);
        }
        Optional<Set<Long>> listed = known.get(peer.uid());
        if (listed == null) {
            return known.size() < MOST_USERS ? policy.decide(evidence) : decide(policy, evidence, Set.of());
        }
        return listed.isEmpty() ? policy.decide(evidence) : decide(policy, evidence, listed.get());
    }

    private static PeerDecision decide(PeerPolicy policy, PeerEvidence evidence, Set<Long> listed) {
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
