// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * For every id the rules that name it, in order, found in a few steps however many ids and rules there are.
 *
 * <p>The ids fall into intervals with the same rules. A node tells several intervals apart: between the first and the last of their bounds lies
 * a table of equal parts, each of which leads to an interval, or to a node if it holds several. A table is about twice as
 * long as there are intervals in it, so that all of them together stay as small as the policy is.
 */
final class IdIndex {
    /** More entries in all the lists than this are given up on: ten thousand rules of ranges that all overlap, for one. */
    static final int LIMIT = 4_000_000;

    private static final int SCANNED = 4;
    private static final int MOST_BITS = 18;

    /** So few that a table of finer parts takes no room worth speaking of. */
    private static final int FEW = 256;

    private static final int BASE = 0;
    private static final int SPAN = 1;
    private static final int SHIFT = 2;
    private static final int OFFSET = 3;
    private static final int BELOW = 4;
    private static final int ABOVE = 5;
    private static final int FIELDS = 8;

    private static final int[] NOBODY = {};

    private final int[][] lists;
    /** The first id of each interval, as an unsigned number, ascending, with a few behind that no id comes to; the number of its list. */
    private final int[] starts;

    private final int[] listOf;

    /** Has a bit for the lowest six bits of each id that a rule names: most peers have groups that no rule does. */
    private final long named;

    /** A number of a list if 0 or more, else see {@link #find}. */
    private final int root;

    private int[] table = new int[64];
    private int tableLength;

    /** Of each node: its first bound, the number of ids from there to its last bound, what to shift by, and where its table begins. */
    private int[] nodes = new int[8 * FIELDS];

    private int nodesLength;

    private IdIndex(long named, int[][] lists, int[] starts, int[] listOf) {
        this.named = named;
        this.lists = lists;
        this.starts = starts;
        this.listOf = listOf;
        root = node(0, listOf.length);
        table = Arrays.copyOf(table, tableLength);
        nodes = Arrays.copyOf(nodes, nodesLength);
    }

    /** Makes the index: of each rule by its number the ids it names, null for a rule that is not to be found here. */
    static IdIndex of(List<? extends @org.jspecify.annotations.Nullable IdSet> sets) {
        List<long[]> events = new ArrayList<>(); // id, rule, 1 at the first id and 0 behind the last
        long named = 0;
        for (int rule = 0; rule < sets.size(); rule++) {
            IdSet set = sets.get(rule);
            for (int range = 0; set != null && range < set.ranges(); range++) {
                events.add(new long[] {set.first(range), rule, 1});
                events.add(new long[] {set.last(range) + 1, rule, 0});
                long ids = set.last(range) - set.first(range) + 1;
                named |= ids >= Long.SIZE ? -1 : Long.rotateLeft((1L << ids) - 1, (int) set.first(range));
            }
        }
        events.sort((one, other) -> Long.compare(one[0], other[0]));
        Map<List<Integer>, Integer> numbers = new HashMap<>();
        List<int[]> lists = new ArrayList<>();
        int[] starts = new int[events.size() + 1];
        int[] listOf = new int[events.size() + 1];
        TreeSet<Integer> active = new TreeSet<>();
        numbers.put(List.of(), 0);
        lists.add(NOBODY);
        int count = 1; // the first interval begins at 0 and has no rules, unless an event says otherwise
        long entries = 0;
        for (int i = 0; i < events.size(); ) {
            long id = events.get(i)[0];
            for (; i < events.size() && events.get(i)[0] == id; i++) {
                Integer rule = (int) events.get(i)[1];
                if (events.get(i)[2] == 1) {
                    active.add(rule);
                } else {
                    active.remove(rule);
                }
            }
            List<Integer> key = List.copyOf(active);
            Integer number = numbers.get(key);
            if (number == null) {
                number = lists.size();
                numbers.put(key, number);
                lists.add(key.stream().mapToInt(Integer::intValue).toArray());
                entries += key.size();
                if (entries > LIMIT) {
                    throw new TooLarge();
                }
            }
            if (id != 0) {
                starts[count++] = (int) id;
            }
            listOf[count - 1] = number;
        }
        int[] padded = Arrays.copyOf(starts, count + SCANNED - 1);
        Arrays.fill(padded, count, padded.length, -1); // past all ids
        return new IdIndex(named, lists.toArray(new int[0][]), padded, Arrays.copyOf(listOf, count));
    }

    /** There are more entries than the limit. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Makes what leads to the intervals from one to another, for ids of these alone. */
    private int node(int firstInterval, int endInterval) {
        int count = endInterval - firstInterval;
        if (count == 1) {
            return listOf[firstInterval];
        }
        if (count <= SCANNED) {
            return ~(firstInterval << 1 | 1);
        }
        long base = Integer.toUnsignedLong(starts[firstInterval + 1]);
        long span = Integer.toUnsignedLong(starts[endInterval - 1]) - base;
        int spanBits = Long.SIZE - Long.numberOfLeadingZeros(span - 1);
        int tableBits = Math.min(MOST_BITS, 33 - Integer.numberOfLeadingZeros(count - 1)) + (count <= FEW ? 2 : 0);
        int shift = Math.max(0, spanBits - tableBits);
        int parts = (int) ((span - 1) >>> shift) + 1;
        int at = tableLength;
        int node = newNode(base, span, shift, parts, listOf[firstInterval], listOf[endInterval - 1]);
        int interval = firstInterval + 1;
        for (int part = 0; part < parts; part++) {
            long from = base + ((long) part << shift);
            while (interval + 1 < endInterval && Integer.toUnsignedLong(starts[interval + 1]) <= from) {
                interval++;
            }
            int end = interval + 1;
            while (end < endInterval && Integer.toUnsignedLong(starts[end]) < from + (1L << shift)) {
                end++;
            }
            int entry = node(interval, end);
            table[at + part] = entry;
            interval = end - 1;
        }
        return ~(node << 1);
    }

    private int newNode(long base, long span, int shift, int parts, int below, int above) {
        int node = nodesLength / FIELDS;
        nodesLength += FIELDS;
        if (nodesLength > nodes.length) {
            nodes = Arrays.copyOf(nodes, nodes.length * 2);
        }
        int at = node * FIELDS;
        nodes[at + BASE] = (int) base;
        nodes[at + SPAN] = (int) span;
        nodes[at + SHIFT] = shift;
        nodes[at + OFFSET] = tableLength;
        nodes[at + BELOW] = below;
        nodes[at + ABOVE] = above;
        tableLength += parts;
        if (tableLength > table.length) {
            table = Arrays.copyOf(table, Math.max(tableLength, table.length * 2));
        }
        return node;
    }

    /** 1 if an id has come to an interval or is past it, else 0. */
    private int reached(int interval, long id) {
        return (int) ((Integer.toUnsignedLong(starts[interval]) - id - 1) >>> 63);
    }

    /** The rules that name an id, in order. */
    int[] find(int id) {
        if ((named >>> id & 1) == 0) {
            return NOBODY;
        }
        int entry = root;
        while (entry < 0) {
            int code = ~entry;
            if ((code & 1) != 0) {
                // Adds up instead of branching: which of the few it is cannot be predicted.
                int interval = code >>> 1;
                long unsigned = Integer.toUnsignedLong(id);
                interval += reached(interval + 1, unsigned)
                        + reached(interval + 2, unsigned)
                        + reached(interval + 3, unsigned);
                entry = listOf[interval];
            } else {
                int at = (code >>> 1) * FIELDS;
                int base = nodes[at + BASE];
                int distance = id - base;
                if (Integer.compareUnsigned(id, base) < 0) {
                    entry = nodes[at + BELOW];
                } else if (Integer.compareUnsigned(distance, nodes[at + SPAN]) >= 0) {
                    entry = nodes[at + ABOVE];
                } else {
                    entry = table[nodes[at + OFFSET] + (distance >>> nodes[at + SHIFT])];
                }
            }
        }
        return lists[entry];
    }
}
