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
 * <p>The ids fall into intervals with the same rules. A table of equal parts of the id space leads to the interval, or to a table of a
 * part that holds several; a table is about twice as long as the intervals it tells apart, so that all of them together stay
 * as small as the policy is.
 */
final class IdIndex {
    /** More entries in all the lists than this are given up on: ten thousand rules of ranges that all overlap, for one. */
    static final int LIMIT = 4_000_000;

    private static final int SCANNED = 4;
    private static final int MOST_BITS = 18;

    private final int[][] lists;
    /** The first id of each interval, as an unsigned number, ascending, and the number of its list. */
    private final int[] starts;

    private final int[] listOf;

    /** A number of a list if 0 or more, else see {@link #find}. */
    private final int root;

    private int[] table = new int[64];
    private int tableLength;
    private int[] base = new int[8];
    private int[] shift = new int[8];
    private int[] offset = new int[8];
    private int nodes;

    private IdIndex(int[][] lists, int[] starts, int[] listOf) {
        this.lists = lists;
        this.starts = starts;
        this.listOf = listOf;
        root = node(0, 32, 0, starts.length);
        table = Arrays.copyOf(table, tableLength);
    }

    /** Makes the index: of each rule by its number the ids it names, null for a rule that is not to be found here. */
    static IdIndex of(List<? extends @org.jspecify.annotations.Nullable IdSet> sets) {
        List<long[]> events = new ArrayList<>(); // id, rule, 1 at the first id and 0 behind the last
        for (int rule = 0; rule < sets.size(); rule++) {
            IdSet set = sets.get(rule);
            for (int range = 0; set != null && range < set.ranges(); range++) {
                events.add(new long[] {set.first(range), rule, 1});
                events.add(new long[] {set.last(range) + 1, rule, 0});
            }
        }
        events.sort((one, other) -> Long.compare(one[0], other[0]));
        Map<List<Integer>, Integer> numbers = new HashMap<>();
        List<int[]> lists = new ArrayList<>();
        int[] starts = new int[events.size() + 1];
        int[] listOf = new int[events.size() + 1];
        TreeSet<Integer> active = new TreeSet<>();
        numbers.put(List.of(), 0);
        lists.add(new int[0]);
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
        return new IdIndex(lists.toArray(new int[0][]), Arrays.copyOf(starts, count), Arrays.copyOf(listOf, count));
    }

    /** There are more entries than the limit. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Makes what leads to the intervals from one to another, all that overlap the 2^bits ids from an id on. */
    private int node(long from, int bits, int firstInterval, int endInterval) {
        int count = endInterval - firstInterval;
        if (count == 1) {
            return listOf[firstInterval];
        }
        if (count <= SCANNED) {
            return ~(firstInterval << 1 | 1);
        }
        int tableBits = Math.min(Math.min(bits, MOST_BITS), 33 - Integer.numberOfLeadingZeros(count - 1));
        int node = newNode((int) from, bits - tableBits, 1 << tableBits);
        int at = offset[node];
        int interval = firstInterval;
        for (int part = 0; part < 1 << tableBits; part++) {
            long partFrom = from + ((long) part << (bits - tableBits));
            long partEnd = partFrom + (1L << (bits - tableBits));
            while (interval + 1 < endInterval && Integer.toUnsignedLong(starts[interval + 1]) <= partFrom) {
                interval++;
            }
            int end = interval + 1;
            while (end < endInterval && Integer.toUnsignedLong(starts[end]) < partEnd) {
                end++;
            }
            int entry = node(partFrom, bits - tableBits, interval, end);
            table[at + part] = entry;
            interval = end - 1;
        }
        return ~(node << 1);
    }

    private int newNode(int from, int shifted, int length) {
        if (nodes == base.length) {
            base = Arrays.copyOf(base, nodes * 2);
            shift = Arrays.copyOf(shift, nodes * 2);
            offset = Arrays.copyOf(offset, nodes * 2);
        }
        base[nodes] = from;
        shift[nodes] = shifted;
        offset[nodes] = tableLength;
        tableLength += length;
        if (tableLength > table.length) {
            table = Arrays.copyOf(table, Math.max(tableLength, table.length * 2));
        }
        return nodes++;
    }

    /** The rules that name an id, in order. */
    int[] find(int id) {
        int entry = root;
        while (entry < 0) {
            int code = ~entry;
            if ((code & 1) != 0) {
                int interval = code >>> 1;
                while (interval + 1 < starts.length && Integer.compareUnsigned(starts[interval + 1], id) <= 0) {
                    interval++;
                }
                entry = listOf[interval];
            } else {
                int node = code >>> 1;
                entry = table[offset[node] + ((id - base[node]) >>> shift[node])];
            }
        }
        return lists[entry];
    }
}
