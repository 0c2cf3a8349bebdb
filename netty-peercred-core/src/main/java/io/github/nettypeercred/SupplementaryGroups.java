// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The supplementary groups of a process, as an immutable set of group ids. The primary (effective) group is in it only
 * if the process listed it there too.
 *
 * <p>What a group proves: that the process had it at the moment the credentials speak of. What its lack proves: nothing,
 * since a user may shed groups in a user namespace. A rule may therefore allow a group, never deny one.
 */
public final class SupplementaryGroups {
    private static final SupplementaryGroups NONE = new SupplementaryGroups(new int[0], 0);

    /** Distinct gids in signed order, which is an order as good as any for a binary search. */
    private final int[] gids;

    private final int unmapped;

    private SupplementaryGroups(int[] gids, int unmapped) {
        this.gids = gids;
        this.unmapped = unmapped;
    }

    /**
     * Makes a set out of the kernel's answer.
     *
     * @param gids the group ids, each an unsigned 32-bit number, in any order, copied
     * @param unmapped how many more groups the process has that this user namespace has no number for, 0 or more
     * @return the set
     */
    public static SupplementaryGroups of(int[] gids, int unmapped) {
        if (unmapped < 0) {
            throw new IllegalArgumentException("unmapped: " + unmapped);
        }
        if (gids.length == 0 && unmapped == 0) {
            return NONE;
        }
        int[] sorted = gids.clone();
        Arrays.sort(sorted);
        int distinct = 0;
        for (int gid : sorted) {
            if (distinct == 0 || gid != sorted[distinct - 1]) {
                sorted[distinct++] = gid;
            }
        }
        return new SupplementaryGroups(distinct == sorted.length ? sorted : Arrays.copyOf(sorted, distinct), unmapped);
    }

    /**
     * Tells whether a group is in the set, in O(log n) and without allocating.
     *
     * @param gid a group id; one outside 0 to 2^32-1 is in no set
     * @return whether it is in the set
     */
    public boolean contains(long gid) {
        return gid == Integer.toUnsignedLong((int) gid) && Arrays.binarySearch(gids, (int) gid) >= 0;
    }

    /**
     * Returns the number of distinct groups in the set.
     *
     * @return the size, 0 or more
     */
    public int size() {
        return gids.length;
    }

    /**
     * Returns one group of the set, without allocating.
     *
     * @param index 0 to {@link #size()} - 1, in an order of no meaning
     * @return an id of 0 to 2^32-2
     */
    public long at(int index) {
        return Integer.toUnsignedLong(gids[index]);
    }

    /**
     * Returns how many groups the kernel showed only as the overflow gid, because this user namespace has no number for
     * them; they are not in the set.
     *
     * @return the number, 0 or more
     */
    public int unmapped() {
        return unmapped;
    }

    /**
     * Returns the group ids in ascending order.
     *
     * @return ids of 0 to 2^32-2
     */
    public LongStream stream() {
        return IntStream.of(gids).mapToLong(Integer::toUnsignedLong).sorted();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SupplementaryGroups that && unmapped == that.unmapped && Arrays.equals(gids, that.gids);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(gids) + unmapped;
    }

    /** The first 16 ids and the number of the others: safe for logs whatever the peer's groups are. */
    @Override
    public String toString() {
        int shown = Math.min(gids.length, 16);
        StringBuilder text = new StringBuilder("[");
        stream().limit(shown).forEach(gid -> text.append(text.length() == 1 ? "" : ", ")
                .append(gid));
        if (gids.length > shown) {
            text.append(", ").append(gids.length - shown).append(" more");
        }
        if (unmapped > 0) {
            text.append("; ").append(unmapped).append(" unmapped");
        }
        return text.append(']').toString();
    }
}
