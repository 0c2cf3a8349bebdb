// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the first rule that matches, in a time that does not grow with the number of rules and ids.
 *
 * <p>Each rule is found by one thing it wants: the user if it names any, else the primary group, else a group; what names none of them is
 * held against every peer. The lists are in the order of the rules, so the first hit in each is its best, and the first of
 * these is the answer.
 *
 * <p>An answer is a number: that of the rule, and what came of it in the lowest bits, so that nothing is allocated.
 */
final class RuleIndex {
    /** No rule matches. */
    static final int NONE = Integer.MAX_VALUE;

    private static final int VERDICT_BITS = 3;
    private static final int MOST_RULES = NONE >>> VERDICT_BITS;

    private final CompiledRule[] rules;
    private final @Nullable IdIndex byUser;
    private final @Nullable IdIndex byPrimaryGroup;
    private final @Nullable IdIndex byGroup;

    /** The rules that are found by group, and how many groups they name. */
    private final int[] groupRules;

    private final long groupCount;
    private final int[] others;
    private final int[] unmapped;
    private final int[] remote;
    private final boolean deniesConnector;

    private RuleIndex(List<CompiledRule> all, boolean indexed) {
        rules = all.toArray(new CompiledRule[0]);
        byUser = indexed ? index(rule -> rule.users) : null;
        byPrimaryGroup = indexed ? index(rule -> rule.users == null ? rule.primaryGroups : null) : null;
        byGroup = indexed ? index(RuleIndex::groupsOnly) : null;
        groupRules = numbers(rule -> indexed && groupsOnly(rules[rule]) != null);
        groupCount = IntStream.of(groupRules)
                .mapToLong(rule -> size(groupsOnly(rules[rule])))
                .sum();
        others = numbers(rule -> !indexed
                || (rules[rule].users == null && rules[rule].primaryGroups == null && rules[rule].groups == null));
        unmapped = numbers(rule -> rules[rule].isUnmappedToo());
        remote = numbers(rule -> rules[rule].isRemoteToo());
        deniesConnector = all.stream().anyMatch(CompiledRule::deniesConnectorToo);
    }

    static RuleIndex of(List<CompiledRule> rules) {
        if (rules.size() > MOST_RULES) {
            throw new IllegalArgumentException(rules.size() + " rules");
        }
        try {
            return new RuleIndex(rules, true);
        } catch (IdIndex.TooLarge e) {
            return new RuleIndex(rules, false); // slow, and right
        }
    }

    private static @Nullable IdSet groupsOnly(CompiledRule rule) {
        return rule.users == null && rule.primaryGroups == null ? rule.groups : null;
    }

    private static long size(@Nullable IdSet set) {
        return set == null
                ? 0
                : IntStream.range(0, set.ranges())
                        .mapToLong(range -> set.last(range) - set.first(range) + 1)
                        .sum();
    }

    private @Nullable IdIndex index(Function<CompiledRule, @Nullable IdSet> by) {
        List<@Nullable IdSet> sets =
                Arrays.stream(rules).<@Nullable IdSet>map(by).toList();
        return sets.stream().allMatch(set -> set == null) ? null : IdIndex.of(sets);
    }

    private int[] numbers(IntPredicate which) {
        return IntStream.range(0, rules.length).filter(which).toArray();
    }

    /**
     * Finds the first rule that matches, or of which it is not known whether it does.
     *
     * @return {@link #NONE}, or what {@link #rule} and {@link #verdict} take apart
     */
    int find(
            @Nullable PeerCredentialsResult connection,
            @Nullable PeerCredentialsResult message,
            @Nullable ProcessEvidence process,
            @Nullable PeerCertificate certificate) {
        PeerCredentialsResult subject = message == null ? connection : message;
        if (subject == null) {
            return findRemote(certificate);
        }
        int best = subject instanceof UnixPeerCredentials peer
                ? findPeer(peer, connection, process, certificate, false)
                : isUnmapped(subject) ? findUnmapped(message == null, certificate, false) : NONE;
        if (message != null && deniesConnector && connection != null) {
            int other = connection instanceof UnixPeerCredentials peer
                    ? findPeer(peer, connection, null, certificate, true)
                    : isUnmapped(connection) ? findUnmapped(true, certificate, true) : NONE;
            best = Math.min(best, other);
        }
        return best;
    }

    private static boolean isUnmapped(@Nullable PeerCredentialsResult result) {
        return result instanceof Absence absence && absence.reason() == AbsenceReason.UNMAPPED;
    }

    /** Of a peer that is on no Unix domain socket: only such rules that are about them, and want a certificate or deny. */
    private int findRemote(@Nullable PeerCertificate certificate) {
        for (int rule : remote) {
            if (rules[rule].holdsFor(certificate)) {
                return answer(rule, CompiledRule.YES);
            }
        }
        return NONE;
    }

    private int findUnmapped(boolean isConnector, @Nullable PeerCertificate certificate, boolean ofConnector) {
        for (int rule : unmapped) {
            CompiledRule each = rules[rule];
            if ((!ofConnector || each.deniesConnectorToo()) && each.holdsFor(certificate)) {
                boolean known = isConnector || !each.allows || each.senderMayDiffer;
                return answer(rule, known ? CompiledRule.YES : CompiledRule.CONNECTION_UNKNOWN);
            }
        }
        return NONE;
    }

    private int findPeer(
            UnixPeerCredentials peer,
            @Nullable PeerCredentialsResult connection,
            @Nullable ProcessEvidence process,
            @Nullable PeerCertificate certificate,
            boolean ofConnector) {
        int best = NONE;
        if (byUser != null) {
            best = first(
                    byUser.find((int) peer.uid()),
                    best,
                    peer,
                    connection,
                    process,
                    certificate,
                    CompiledRule.USERS_HELD,
                    ofConnector);
        }
        if (byPrimaryGroup != null) {
            int[] found = byPrimaryGroup.find((int) peer.gid());
            best = first(found, best, peer, connection, process, certificate, CompiledRule.PRIMARY_HELD, ofConnector);
        }
        if (byGroup != null
                && !ofConnector
                && groupRules[0] < best >>> VERDICT_BITS) { // a rule with a group never denies
            best = firstByGroup(byGroup, best, peer, connection, process, certificate);
        }
        return first(others, best, peer, connection, process, certificate, 0, ofConnector);
    }

    private int firstByGroup(
            IdIndex index,
            int before,
            UnixPeerCredentials peer,
            @Nullable PeerCredentialsResult connection,
            @Nullable ProcessEvidence process,
            @Nullable PeerCertificate certificate) {
        SupplementaryGroups groups = Subject.groups(peer, connection);
        if (groups == null || groups.size() > groupCount) {
            return first(groupRules, before, peer, connection, process, certificate, 0, false);
        }
        int best = first(
                index.find((int) peer.gid()),
                before,
                peer,
                connection,
                process,
                certificate,
                CompiledRule.GROUPS_HELD,
                false);
        for (int i = 0; i < groups.size(); i++) {
            int[] found = index.find((int) groups.at(i));
            best = first(found, best, peer, connection, process, certificate, CompiledRule.GROUPS_HELD, false);
        }
        return best;
    }

    /** The better of an answer and the first in a list. */
    private int first(
            int[] list,
            int before,
            UnixPeerCredentials peer,
            @Nullable PeerCredentialsResult connection,
            @Nullable ProcessEvidence process,
            @Nullable PeerCertificate certificate,
            int held,
            boolean ofConnector) {
        for (int rule : list) {
            if (rule >= before >>> VERDICT_BITS) {
                return before;
            }
            CompiledRule each = rules[rule];
            if (!ofConnector || each.deniesConnectorToo()) {
                int verdict = each.test(peer, connection, process, certificate, held);
                if (verdict != CompiledRule.NO) {
                    return answer(rule, verdict);
                }
            }
        }
        return before;
    }

    private static int answer(int rule, int verdict) {
        return rule << VERDICT_BITS | verdict;
    }

    static int rule(int answer) {
        return answer >>> VERDICT_BITS;
    }

    static int verdict(int answer) {
        return answer & (1 << VERDICT_BITS) - 1;
    }

    PeerDecision decision(int answer) {
        return rules[rule(answer)].decision(verdict(answer));
    }
}
