// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds rules that no peer can reach, since earlier ones match all that they match.
 *
 * <p>All that a policy can be asked about falls into cells: a moment, a kind of peer, whether who sent is who connected, and whether the rule is
 * held against who sent or who connected. A rule covers ids in some cells. It is reached unless each of its ids is covered, in each of its
 * cells, by earlier rules; of these only such count as want nothing more of groups, label, process and certificate than it does. What is not seen is a rule
 * for senders of whose possible connectors every one is shut out by another rule.
 */
final class Shadows {
    // Behind the cells of all moments:
    private static final long CONNECTOR = 1L << 48;
    private static final long NOT_VISIBLE_CONNECTOR = 1L << 49;
    private static final long UNMAPPED = 1L << 50;
    private static final long UNMAPPED_CONNECTOR = 1L << 51;
    private static final long REMOTE = 1L << 52;

    /** What the plain rules so far cover, by their cells. */
    private final Map<Long, Covered> plain = new HashMap<>();

    private final List<CompiledRule> others = new ArrayList<>();

    private Shadows() {}

    static void check(List<CompiledRule> rules) {
        Shadows shadows = new Shadows();
        for (CompiledRule rule : rules) {
            if (shadows.covers(rule)) {
                throw rule.place.error("rule " + Quoted.of(rule.name)
                        + " can never match: the rules before it match all that it does");
            }
            shadows.add(rule);
        }
    }

    private void add(CompiledRule rule) {
        if (rule.isPlain()) {
            Covered covered = plain.computeIfAbsent(cells(rule), unused -> new Covered());
            for (IdSet.Range range : ranges(rule)) {
                covered.add(range.first(), range.last());
            }
        } else {
            others.add(rule);
        }
    }

    private static List<IdSet.Range> ranges(CompiledRule rule) {
        if (rule.users == null) {
            return List.of(new IdSet.Range(0, IdSet.LAST));
        }
        List<IdSet.Range> ranges = new ArrayList<>();
        for (int range = 0; range < rule.users.ranges(); range++) {
            ranges.add(new IdSet.Range(rule.users.first(range), rule.users.last(range)));
        }
        return ranges;
    }

    private boolean covers(CompiledRule rule) {
        Map<Long, List<Covered>> earlier = new HashMap<>();
        plain.forEach((cells, covered) ->
                earlier.computeIfAbsent(cells, unused -> new ArrayList<>()).add(covered));
        if (!rule.isPlain()) {
            for (CompiledRule other : others) {
                if (other.restFollowsFrom(rule)) {
                    Covered covered = new Covered();
                    ranges(other).forEach(range -> covered.add(range.first(), range.last()));
                    earlier.computeIfAbsent(cells(other), unused -> new ArrayList<>())
                            .add(covered);
                }
            }
        }
        long cells = cells(rule);
        for (long rest = cells; rest != 0; rest &= rest - 1) {
            long cell = Long.lowestOneBit(rest);
            for (IdSet.Range range : ranges(rule)) {
                if (!covers(earlier, cell, range)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean covers(Map<Long, List<Covered>> earlier, long cell, IdSet.Range range) {
        long next = range.first();
        while (next <= range.last()) {
            long end = -1;
            for (Map.Entry<Long, List<Covered>> each : earlier.entrySet()) {
                if ((each.getKey() & cell) != 0) {
                    for (Covered covered : each.getValue()) {
                        end = Math.max(end, covered.lastFrom(next));
                    }
                }
            }
            if (end < next) {
                return false;
            }
            next = end + 1;
        }
        return true;
    }

    private static long cells(CompiledRule rule) {
        boolean differing = !rule.allows || rule.senderMayDiffer;
        long cells = 0;
        if (rule.isUnmappedToo()) {
            cells |= UNMAPPED | (rule.deniesConnectorToo() ? UNMAPPED_CONNECTOR : 0);
        }
        cells |= rule.isRemoteToo() ? REMOTE : 0;
        for (PeerKind kind : List.of(PeerKind.VISIBLE, PeerKind.NOT_VISIBLE)) {
            if ((rule.kinds & kind.bit()) == 0) {
                continue;
            }
            for (Moment moment : Moment.values()) {
                if (has(rule, moment)) {
                    cells |= cell(moment, kind, false);
                    cells |= PolicyWords.comesOverConnection(moment) && differing ? cell(moment, kind, true) : 0;
                }
            }
            if (rule.deniesConnectorToo()) {
                cells |= kind == PeerKind.VISIBLE ? CONNECTOR : NOT_VISIBLE_CONNECTOR;
            }
        }
        return cells;
    }

    /** The cell of a peer with ids, who sent if the moment is of a message. */
    @SuppressWarnings("EnumOrdinal")
    private static long cell(Moment moment, PeerKind kind, boolean differing) {
        return 1L << (moment.ordinal() * 4 + (kind == PeerKind.VISIBLE ? 0 : 2) + (differing ? 1 : 0));
    }

    private static boolean has(CompiledRule rule, Moment moment) {
        for (Mechanism mechanism : Mechanism.values()) {
            if ((rule.mechanisms & PolicyWords.bit(mechanism)) != 0 && PolicyWords.agree(moment, mechanism)) {
                return (rule.moments & PolicyWords.bit(moment)) != 0;
            }
        }
        return false;
    }

    /** Ranges of ids. */
    private static final class Covered {
        private final TreeMap<Long, Long> lasts = new TreeMap<>();

        void add(long first, long last) {
            long from = first;
            long to = last;
            Map.Entry<Long, Long> before = lasts.floorEntry(from);
            if (before != null && before.getValue() >= from - 1) {
                from = before.getKey();
                to = Math.max(to, before.getValue());
            }
            for (Map.Entry<Long, Long> next = lasts.ceilingEntry(from);
                    next != null && next.getKey() <= to + 1;
                    next = lasts.ceilingEntry(from)) {
                to = Math.max(to, next.getValue());
                lasts.remove(next.getKey());
            }
            lasts.put(from, to);
        }

        /** The last id up to which all are covered from one on, -1 if that one is not. */
        long lastFrom(long id) {
            Map.Entry<Long, Long> at = lasts.floorEntry(id);
            return at != null && at.getValue() >= id ? at.getValue() : -1;
        }
    }
}
