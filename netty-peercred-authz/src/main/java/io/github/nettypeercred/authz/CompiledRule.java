// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Allow;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One rule with its names resolved, and its decisions made beforehand. A condition that is null always holds. */
final class CompiledRule {
    /** What comes of a rule: it does not match, it matches, or one of the reasons for which that is not known. */
    static final int NO = 0;

    static final int YES = 1;
    static final int GROUPS_UNKNOWN = 2;
    static final int LABEL_UNKNOWN = 3;
    static final int PROCESS_UNKNOWN = 4;
    static final int CONNECTION_UNKNOWN = 5;

    static final int USERS_HELD = 1;
    static final int PRIMARY_HELD = 2;
    static final int GROUPS_HELD = 4;

    /** Of moments and mechanisms: any. */
    static final int ALL = -1;

    private static final Reason[] REASONS = {
        Reason.NO_RULE,
        Reason.RULE,
        Reason.GROUPS_UNKNOWN,
        Reason.LABEL_UNKNOWN,
        Reason.PROCESS_UNKNOWN,
        Reason.CONNECTION_UNKNOWN
    };

    final String name;
    final Place place;
    final boolean allows;
    final @Nullable IdSet users;
    final @Nullable IdSet primaryGroups;
    final @Nullable IdSet groups;
    final @Nullable Set<String> labels;
    final int moments;
    final int mechanisms;
    final int kinds;
    final @Nullable ProcessCondition process;
    final @Nullable CertificateCondition certificate;
    final boolean senderMayDiffer;
    final Set<String> grants;
    /** Each condition in words, in the order of the keys. */
    final Map<RuleKey, String> words;

    private final PeerDecision[] decisions = new PeerDecision[REASONS.length];

    CompiledRule(
            String name,
            Place place,
            boolean allows,
            @Nullable IdSet users,
            @Nullable IdSet primaryGroups,
            @Nullable IdSet groups,
            @Nullable Set<String> labels,
            int moments,
            int mechanisms,
            int kinds,
            @Nullable ProcessCondition process,
            @Nullable CertificateCondition certificate,
            boolean senderMayDiffer,
            Set<String> grants,
            Map<RuleKey, String> words) {
        this.name = name;
        this.place = place;
        this.allows = allows;
        this.users = users;
        this.primaryGroups = primaryGroups;
        this.groups = groups;
        this.labels = labels;
        this.moments = moments;
        this.mechanisms = mechanisms;
        this.kinds = kinds;
        this.process = process;
        this.certificate = certificate;
        this.senderMayDiffer = senderMayDiffer;
        this.grants = grants;
        this.words = new EnumMap<>(words);
        for (int verdict = YES; verdict < REASONS.length; verdict++) {
            decisions[verdict] = verdict == YES && allows
                    ? new Allow(name, grants)
                    : new Deny(REASONS[verdict], Optional.of(name), Optional.empty());
        }
    }

    PeerDecision decision(int verdict) {
        return decisions[verdict];
    }

    /**
     * Whether everything holds.
     *
     * @param peer whom the rule is held against: who sent, or who connected
     * @param connection the result of the connection's set-up, null if there is none
     * @param evidence what is said of the peer's process, null if it was not looked up
     * @param shown the certificate of the connection's TLS, null if there is none
     * @param held which of users, primary groups and groups hold, since the rule was found by them
     */
    int test(
            UnixPeerCredentials peer,
            @Nullable PeerCredentialsResult connection,
            @Nullable ProcessEvidence evidence,
            @Nullable PeerCertificate shown,
            int held) {
        CredentialSource source = peer.source();
        if ((moments & PolicyWords.bit(source.moment())) == 0
                || (mechanisms & PolicyWords.bit(source.mechanism())) == 0
                || (kinds & kind(peer).bit()) == 0
                || (users != null && (held & USERS_HELD) == 0 && !users.contains(peer.uid()))
                || (primaryGroups != null && (held & PRIMARY_HELD) == 0 && !primaryGroups.contains(peer.gid()))
                || !holdsFor(shown)) {
            return NO;
        }
        int unknown = YES;
        if (allows && !senderMayDiffer) {
            unknown = Subject.agreement(peer, connection);
            if (unknown == NO) {
                return NO;
            }
        }
        if (process != null) {
            int holds = process.test(evidence);
            if (holds == NO) {
                return NO;
            }
            unknown = holds == YES ? unknown : holds;
        }
        if (labels != null) {
            if (!(peer.label() instanceof Answer.Known<String> label)) {
                unknown = LABEL_UNKNOWN;
            } else if (!labels.contains(label.known())) {
                return NO;
            }
        }
        if (groups != null && (held & GROUPS_HELD) == 0) {
            int holds = testGroups(groups, peer, Subject.groups(peer, connection));
            if (holds == NO) {
                return NO;
            }
            unknown = holds == YES ? unknown : holds;
        }
        return unknown;
    }

    /** Whether what it wants of the certificate holds. */
    boolean holdsFor(@Nullable PeerCertificate shown) {
        return certificate == null || certificate.test(shown);
    }

    /**
     * Whether it is held against who connected as well where who sent is known: a rule that denies, unless it says of which evidence or
     * process it speaks.
     */
    boolean deniesConnectorToo() {
        return !allows && moments == ALL && mechanisms == ALL && process == null;
    }

    /** Whether a peer has one of the groups. */
    static int testGroups(IdSet groups, UnixPeerCredentials peer, @Nullable SupplementaryGroups supplementary) {
        if (groups.contains(peer.gid())) {
            return YES;
        }
        if (supplementary == null) {
            return GROUPS_UNKNOWN;
        }
        for (int i = 0; i < supplementary.size(); i++) {
            if (groups.contains(supplementary.at(i))) {
                return YES;
            }
        }
        return NO;
    }

    static PeerKind kind(UnixPeerCredentials peer) {
        return peer.pid().isPresent() ? PeerKind.VISIBLE : PeerKind.NOT_VISIBLE;
    }

    boolean isUnmappedToo() {
        return (kinds & PeerKind.UNMAPPED.bit()) != 0;
    }

    boolean isRemoteToo() {
        return (kinds & PeerKind.REMOTE.bit()) != 0;
    }

    /** Whether it has a condition that no index by uid, moment, mechanism and kind decides. */
    boolean isPlain() {
        return primaryGroups == null && groups == null && labels == null && process == null && certificate == null;
    }

    /** Whether what it wants of groups, label, process and certificate holds wherever that of another rule does. */
    boolean restFollowsFrom(CompiledRule other) {
        return (primaryGroups == null
                        || (other.primaryGroups != null && primaryGroups.containsAll(other.primaryGroups)))
                && (groups == null
                        || (other.groups != null && groups.containsAll(other.groups))
                        || (other.primaryGroups != null && groups.containsAll(other.primaryGroups)))
                && (labels == null || (other.labels != null && labels.containsAll(other.labels)))
                && (process == null || (other.process != null && process.followsFrom(other.process)))
                && (certificate == null || (other.certificate != null && certificate.followsFrom(other.certificate)));
    }

    /** What a rule wants of the process. */
    record ProcessCondition(List<String> executables, List<String> commandLines, List<String> units) {
        private static final String DELETED = " (deleted)";

        int test(@Nullable ProcessEvidence evidence) {
            if (evidence == null) {
                return PROCESS_UNKNOWN;
            }
            int result = YES;
            if (!executables.isEmpty()) {
                if (!(evidence.executable() instanceof Answer.Known<String> path)) {
                    result = PROCESS_UNKNOWN;
                } else if (!isExecutable(path.known())) {
                    return NO;
                }
            }
            if (!commandLines.isEmpty()) {
                if (!(evidence.commandLine() instanceof Answer.Known<List<String>> words)) {
                    result = PROCESS_UNKNOWN;
                } else if (commandLines.stream().noneMatch(String.join(" ", words.known())::contains)) {
                    return NO;
                }
            }
            if (!units.isEmpty()) {
                if (!(evidence.unit() instanceof Answer.Known<String> unit)) {
                    result = PROCESS_UNKNOWN;
                } else if (!units.contains(unit.known())) {
                    return NO;
                }
            }
            return result;
        }

        private boolean isExecutable(String path) {
            String here = path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
            return executables.stream()
                    .anyMatch(each ->
                            each.endsWith("/") ? path.startsWith(each) : each.equals(path) || each.equals(here));
        }

        boolean followsFrom(ProcessCondition other) {
            return follows(executables, other.executables)
                    && follows(commandLines, other.commandLines)
                    && follows(units, other.units);
        }

        private static boolean follows(List<String> own, List<String> others) {
            return own.isEmpty() || (!others.isEmpty() && own.containsAll(others));
        }
    }
}
