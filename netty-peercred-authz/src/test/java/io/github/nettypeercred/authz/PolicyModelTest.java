// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Allow;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The compiled form against rules that are gone through one by one, on random policies and peers. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PolicyModelTest {
    private static final int DECISIONS = 1_000_000;
    private static final int PEERS = 500;
    private static final long[] HIGH = {65534, 65535, 2147483648L, 4294967293L, 4294967294L};

    private static final List<Moment> SETUPS = List.of(Moment.CONNECT, Moment.LISTEN, Moment.SETUP);
    private static final List<Moment> MESSAGES = List.of(Moment.FIRST_READ, Moment.EVERY_READ, Moment.DATAGRAM);

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);

    /** A rule in the terms of the documentation: null is "not said". */
    record Rule(
            String name,
            boolean allows,
            @Nullable List<long[]> users,
            @Nullable Set<Long> primaryGroups,
            @Nullable Set<Long> groups,
            @Nullable Set<String> labels,
            @Nullable Set<Moment> moments,
            @Nullable Set<PeerKind> kinds,
            @Nullable String executable,
            boolean senderMayDiffer) {
        /** True, false, or what is unknown. */
        Object matches(
                UnixPeerCredentials peer,
                @Nullable PeerCredentialsResult connection,
                @Nullable ProcessEvidence process) {
            Set<Reason> unknown = new HashSet<>();
            Set<PeerKind> about = kinds != null
                    ? kinds
                    : allows ? Set.of(PeerKind.VISIBLE) : Set.of(PeerKind.VISIBLE, PeerKind.NOT_VISIBLE);
            if (!about.contains(peer.pid().isEmpty() ? PeerKind.NOT_VISIBLE : PeerKind.VISIBLE)) {
                return false;
            }
            if (moments != null && !moments.contains(peer.source().moment())) {
                return false;
            }
            if (users != null && users.stream().noneMatch(range -> range[0] <= peer.uid() && peer.uid() <= range[1])) {
                return false;
            }
            if (primaryGroups != null && !primaryGroups.contains(peer.gid())) {
                return false;
            }
            boolean over =
                    peer.source().moment() == Moment.FIRST_READ || peer.source().moment() == Moment.EVERY_READ;
            UnixPeerCredentials connector = connection instanceof UnixPeerCredentials known ? known : null;
            boolean same = connector != null && connector.uid() == peer.uid();
            if (allows && over && !senderMayDiffer && !same) {
                if (connection instanceof UnixPeerCredentials) {
                    return false;
                }
                unknown.add(Reason.CONNECTION_UNKNOWN);
            }
            if (labels != null) {
                if (peer.label().value().isEmpty()) {
                    unknown.add(Reason.LABEL_UNKNOWN);
                } else if (!labels.contains(peer.label().orElseThrow())) {
                    return false;
                }
            }
            if (groups != null && !groups.contains(peer.gid())) {
                var known = over && connector != null && same ? connector.groups() : peer.groups();
                if (known.value().isEmpty()) {
                    unknown.add(Reason.GROUPS_UNKNOWN);
                } else if (known.orElseThrow().stream().noneMatch(groups::contains)) {
                    return false;
                }
            }
            if (executable != null) {
                if (process == null || process.executable().value().isEmpty()) {
                    unknown.add(Reason.PROCESS_UNKNOWN);
                } else if (!process.executable().orElseThrow().equals(executable)) {
                    return false;
                }
            }
            return unknown.isEmpty() ? true : unknown;
        }

        void build(RuleBuilder rule) {
            if (users != null) {
                users.forEach(range -> rule.userRange(range[0], range[1]));
            }
            if (primaryGroups != null) {
                rule.primaryGroup(primaryGroups.stream().mapToLong(gid -> gid).toArray());
            }
            if (groups != null) {
                rule.group(groups.stream().mapToLong(gid -> gid).toArray());
            }
            if (labels != null) {
                rule.label(labels.toArray(new String[0]));
            }
            if (moments != null) {
                rule.moment(moments.toArray(new Moment[0]));
            }
            if (kinds != null) {
                rule.peer(kinds.toArray(new PeerKind[0]));
            }
            if (executable != null) {
                rule.executable(executable);
            }
            if (senderMayDiffer) {
                rule.senderMayDiffer();
            }
            if (allows) {
                rule.grants("grant-of-" + name);
            }
        }

        boolean isAboutUnmapped() {
            return kinds != null && kinds.contains(PeerKind.UNMAPPED);
        }
    }

    /** What the first rule that matches says, with the set of reasons where any of several will do. */
    record Verdict(@Nullable String rule, boolean allowed, Set<Reason> reasons) {}

    private static Verdict naive(List<Rule> rules, PeerEvidence evidence) {
        PeerCredentialsResult subject = evidence.message() == null ? evidence.connection() : evidence.message();
        for (Rule rule : rules) {
            Object matches = subject instanceof UnixPeerCredentials peer
                    ? rule.matches(peer, evidence.connection(), evidence.process())
                    : matchesUnmapped(
                            rule, (Absence) java.util.Objects.requireNonNull(subject), evidence.message() == null);
            boolean denies = matches.equals(true) && !rule.allows;
            if (evidence.message() != null && !rule.allows && rule.moments == null && rule.executable == null) {
                Object connector = evidence.connection() instanceof UnixPeerCredentials peer
                        ? rule.matches(peer, evidence.connection(), null)
                        : evidence.connection() instanceof Absence absence
                                ? matchesUnmapped(rule, absence, true)
                                : false;
                if (denies || connector.equals(true)) {
                    return new Verdict(rule.name, false, Set.of(Reason.RULE, Reason.LABEL_UNKNOWN));
                }
                matches = matches.equals(false) ? connector : matches;
            }
            if (matches instanceof Set<?> unknown) {
                Set<Reason> reasons = new HashSet<>();
                unknown.forEach(reason -> reasons.add((Reason) reason));
                return new Verdict(rule.name, false, reasons);
            }
            if (matches.equals(true)) {
                return new Verdict(rule.name, rule.allows, Set.of(Reason.RULE));
            }
        }
        return new Verdict(null, false, Set.of(subject instanceof Absence ? Reason.ABSENT : Reason.NO_RULE));
    }

    private static Object matchesUnmapped(Rule rule, Absence absence, boolean connected) {
        if (absence.reason() != AbsenceReason.UNMAPPED || !rule.isAboutUnmapped()) {
            return false;
        }
        return connected || !rule.allows || rule.senderMayDiffer ? true : Set.of(Reason.CONNECTION_UNKNOWN);
    }

    private <T> @Nullable T sometimes(int percent, Supplier<T> value) {
        return random.nextInt(100) < percent ? value.get() : null;
    }

    private long id() {
        return random.nextInt(20) == 0 ? HIGH[random.nextInt(HIGH.length)] : random.nextInt(24);
    }

    private Moment moment() {
        return (random.nextBoolean() ? SETUPS : MESSAGES).get(random.nextInt(3));
    }

    private Set<Long> ids() {
        Set<Long> ids = new HashSet<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            ids.add(id());
        }
        return ids;
    }

    private List<long[]> ranges() {
        List<long[]> ranges = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            long one = id();
            long other = random.nextBoolean() ? one : id();
            if (seen.add(Math.min(one, other) + "-" + Math.max(one, other))) {
                ranges.add(new long[] {Math.min(one, other), Math.max(one, other)});
            }
        }
        return ranges;
    }

    private String label() {
        return random.nextBoolean() ? "confined" : "trusted";
    }

    private Rule rule(int number) {
        boolean allows = random.nextInt(3) > 0;
        if (random.nextInt(12) == 0) {
            return new Rule(
                    "r" + number,
                    allows,
                    null,
                    null,
                    null,
                    null,
                    null,
                    EnumSet.of(PeerKind.UNMAPPED),
                    null,
                    allows && random.nextBoolean());
        }
        List<long[]> users = sometimes(60, this::ranges);
        Set<Long> primary = allows ? sometimes(15, this::ids) : null;
        Set<Long> groups = allows ? sometimes(40, this::ids) : null;
        Set<String> labels = sometimes(8, () -> Set.of(label()));
        Set<Moment> moments = sometimes(15, () -> EnumSet.of(moment(), moment()));
        Set<PeerKind> kinds = sometimes(
                15,
                () -> random.nextBoolean()
                        ? EnumSet.of(PeerKind.NOT_VISIBLE)
                        : EnumSet.of(PeerKind.VISIBLE, PeerKind.NOT_VISIBLE));
        String executable = allows ? null : sometimes(10, () -> random.nextBoolean() ? "/bin/a" : "/bin/b");
        boolean over = moments == null || moments.contains(Moment.FIRST_READ) || moments.contains(Moment.EVERY_READ);
        if (users == null && primary == null && groups == null && labels == null) {
            users = ranges();
        }
        return new Rule(
                "r" + number,
                allows,
                users,
                primary,
                groups,
                labels,
                moments,
                kinds,
                executable,
                allows && over && random.nextInt(4) == 0);
    }

    private MadePeer peer(Moment moment) {
        MadePeer peer = MadePeer.of(id(), id()).at(moment);
        if (random.nextInt(8) == 0) {
            peer = peer.notVisible();
        }
        if (random.nextInt(8) > 0 && moment.compareTo(Moment.FIRST_READ) < 0) {
            peer = peer.groups(random.longs(random.nextInt(6), 0, 24).toArray());
        }
        return random.nextInt(3) > 0 ? peer.label(label()) : peer;
    }

    private static Absence absence(AbsenceReason reason) {
        return new Absence(reason, "made up");
    }

    private PeerEvidence evidence() {
        Moment setup = SETUPS.get(random.nextInt(3));
        PeerCredentialsResult connection =
                switch (random.nextInt(16)) {
                    case 0 -> absence(AbsenceReason.UNMAPPED);
                    case 1 -> absence(AbsenceReason.FAILED);
                    default -> peer(setup).make();
                };
        ProcessEvidence process = sometimes(
                50,
                () -> new ProcessEvidence(
                        random.nextInt(3) > 0
                                ? Answer.known(random.nextBoolean() ? "/bin/a" : "/bin/b")
                                : Answer.unknown(absence(AbsenceReason.REAPED)),
                        Answer.known(List.of()),
                        Answer.unknown(absence(AbsenceReason.UNSUPPORTED))));
        if (random.nextBoolean()) {
            return new PeerEvidence(connection, null, process);
        }
        Moment moment = MESSAGES.get(random.nextInt(3));
        MadePeer sender = peer(moment);
        if (connection instanceof UnixPeerCredentials connected && random.nextBoolean()) {
            sender = new MadePeer(connected.uid(), sender.gid(), sender.pid(), moment, sender.groups(), sender.label());
        }
        PeerCredentialsResult message =
                switch (random.nextInt(16)) {
                    case 0 -> absence(AbsenceReason.UNMAPPED);
                    case 1 -> absence(AbsenceReason.NO_DATA);
                    default -> sender.make();
                };
        boolean alone = moment == Moment.DATAGRAM || random.nextInt(8) == 0;
        return new PeerEvidence(alone ? null : connection, message, process);
    }

    @Test
    void decisions_ofRandomPolicies_areThoseOfTheFirstRuleThatMatches() {
        System.out.println("PolicyModelTest: -Dseed=" + seed);
        int allowed = 0;
        int unreachable = 0;
        for (int done = 0; done < DECISIONS; done += PEERS) {
            List<Rule> rules = new ArrayList<>();
            for (int i = random.nextInt(12); i >= 0; i--) {
                rules.add(rule(rules.size()));
            }
            List<Rule> reachable = reachable(rules);
            unreachable += rules.size() - reachable.size();
            PeerPolicy policy = policy(reachable);
            for (int i = 0; i < PEERS; i++) {
                PeerEvidence evidence = evidence();
                Verdict all = naive(rules, evidence);
                PeerDecision decision = policy.decide(evidence);
                String as = "seed " + seed + ", " + rules + ", " + evidence;
                if (decision instanceof Allow allow) {
                    allowed++;
                    assertThat(all.allowed).as(as).isTrue();
                    assertThat(allow.rule()).as(as).isEqualTo(all.rule);
                    assertThat(allow.grants()).containsExactly("grant-of-" + all.rule);
                } else {
                    Deny deny = (Deny) decision;
                    assertThat(all.allowed).as(as).isFalse();
                    assertThat(deny.rule().orElse(null)).as(as).isEqualTo(all.rule);
                    assertThat(deny.reason()).as(as).isIn(all.reasons);
                }
                if (evidence.process() == null && (evidence.connection() == null || evidence.message() == null)) {
                    PeerCredentialsResult only =
                            evidence.message() == null ? evidence.connection() : evidence.message();
                    if (only instanceof UnixPeerCredentials) {
                        assertThat(policy.decide(only)).isEqualTo(decision);
                    }
                }
                if (i % 50 == 0) {
                    assertThat(policy.explain(evidence).decision()).isEqualTo(decision);
                }
            }
        }
        assertThat(allowed).isGreaterThan(DECISIONS / 20);
        assertThat(unreachable).isPositive();
    }

    /** The rules without those that are refused since they can never match. */
    private static List<Rule> reachable(List<Rule> all) {
        List<Rule> rules = new ArrayList<>(all);
        while (true) {
            try {
                policy(rules);
                return rules;
            } catch (PolicyException e) {
                assertThat(e).hasMessageContaining("can never match");
                Rule refused = rules.stream()
                        .filter(rule -> String.valueOf(e.getMessage()).contains("rule \"" + rule.name + "\" can"))
                        .findFirst()
                        .orElseThrow();
                rules.remove(refused);
            }
        }
    }

    private static PeerPolicy policy(List<Rule> rules) {
        PeerPolicy.Builder builder = PeerPolicy.builder();
        for (Rule rule : rules) {
            if (rule.allows) {
                builder.allow(rule.name, rule::build);
            } else {
                builder.deny(rule.name, rule::build);
            }
        }
        return builder.build(new MadeAccounts());
    }

    @Test
    void rule_thatNoPeerReaches_isRefused_andOnlyThat() {
        System.out.println("PolicyModelTest: -Dseed=" + seed);
        List<PeerEvidence> all = everyPeerOfASmallWorld();
        int refused = 0;
        int exact = 0;
        for (int policy = 0; policy < 1500; policy++) {
            List<Rule> rules = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                rules.add(smallRule(i));
            }
            Set<String> reached = new HashSet<>();
            all.forEach(evidence -> reached.add(String.valueOf(naive(rules, evidence).rule)));
            Set<String> kept = new HashSet<>();
            reachable(rules).forEach(rule -> kept.add(rule.name));
            reached.remove("null");
            assertThat(kept).as("seed " + seed + ", " + rules).containsAll(reached);
            // Where a rule denies connectors, which sender is left may hang on which connector is, and not all of that
            // is seen.
            if (rules.stream().allMatch(rule -> rule.allows || rule.moments != null)) {
                exact++;
                assertThat(kept).as("seed " + seed + ", " + rules).isEqualTo(reached);
            }
            refused += rules.size() - kept.size();
        }
        assertThat(refused).isGreaterThan(100);
        assertThat(exact).isGreaterThan(100);
    }

    /** A rule on users 0 to 2, or all, which no group, label or process narrows. */
    private Rule smallRule(int number) {
        boolean allows = random.nextBoolean();
        if (random.nextInt(6) == 0) {
            return new Rule(
                    "r" + number,
                    allows,
                    null,
                    null,
                    null,
                    null,
                    null,
                    EnumSet.of(PeerKind.UNMAPPED),
                    null,
                    allows && random.nextBoolean());
        }
        long first = random.nextInt(3);
        long last = random.nextInt(3) == 0 ? 4294967294L : Math.max(first, random.nextInt(3));
        Set<Moment> moments = sometimes(40, () -> EnumSet.of(moment(), moment(), moment()));
        Set<PeerKind> kinds = sometimes(
                50,
                () -> random.nextBoolean()
                        ? EnumSet.of(PeerKind.NOT_VISIBLE)
                        : EnumSet.of(PeerKind.VISIBLE, PeerKind.NOT_VISIBLE));
        boolean over = moments == null || moments.contains(Moment.FIRST_READ) || moments.contains(Moment.EVERY_READ);
        List<long[]> users = new ArrayList<>(List.<long[]>of(new long[] {first, last}));
        return new Rule(
                "r" + number,
                allows,
                users,
                null,
                null,
                null,
                moments,
                kinds,
                null,
                allows && over && random.nextBoolean());
    }

    private static List<PeerEvidence> everyPeerOfASmallWorld() {
        List<PeerEvidence> all = new ArrayList<>();
        List<PeerCredentialsResult> connectors = new ArrayList<>(List.of(absence(AbsenceReason.UNMAPPED)));
        List<PeerCredentialsResult> senders = new ArrayList<>(List.of(absence(AbsenceReason.UNMAPPED)));
        for (Moment moment : Moment.values()) {
            for (long uid : new long[] {0, 1, 2, 3}) {
                for (boolean visible : new boolean[] {true, false}) {
                    MadePeer peer = MadePeer.of(uid, 0).at(moment);
                    (PolicyWords.isOfMessage(moment) ? senders : connectors)
                            .add((visible ? peer : peer.notVisible()).make());
                }
            }
        }
        connectors.forEach(connector -> all.add(new PeerEvidence(connector, null, null)));
        for (PeerCredentialsResult sender : senders) {
            all.add(new PeerEvidence(null, sender, null));
            connectors.forEach(connector -> all.add(new PeerEvidence(connector, sender, null)));
        }
        return all;
    }
}
