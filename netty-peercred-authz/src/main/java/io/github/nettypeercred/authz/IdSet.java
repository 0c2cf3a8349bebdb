// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Ids as disjoint ranges in ascending order, none of which touches the next. */
final class IdSet {
    /** The greatest id: the one after it is nobody's. */
    static final long LAST = 0xFFFF_FFFEL;

    private final long[] first;
    private final long[] last;

    private IdSet(long[] first, long[] last) {
        this.first = first;
        this.last = last;
    }

    /** One range. */
    record Range(long first, long last) {}

    static IdSet of(List<Range> ranges) {
        List<Range> sorted = new ArrayList<>(ranges);
        sorted.sort(Comparator.comparingLong(Range::first));
        long[] first = new long[sorted.size()];
        long[] last = new long[sorted.size()];
        int count = 0;
        for (Range range : sorted) {
            if (count > 0 && range.first <= last[count - 1] + 1) {
                last[count - 1] = Math.max(last[count - 1], range.last);
            } else {
                first[count] = range.first;
                last[count++] = range.last;
            }
        }
        return new IdSet(java.util.Arrays.copyOf(first, count), java.util.Arrays.copyOf(last, count));
    }

    int ranges() {
        return first.length;
    }

    long first(int range) {
        return first[range];
    }

    long last(int range) {
        return last[range];
    }

    boolean contains(long id) {
        int at = java.util.Arrays.binarySearch(first, id);
        return at >= 0 || (at < -1 && id <= last[-at - 2]);
    }

    boolean containsAll(IdSet other) {
        for (int range = 0; range < other.first.length; range++) {
            int at = java.util.Arrays.binarySearch(first, other.first[range]);
            int holder = at >= 0 ? at : -at - 2;
            if (holder < 0 || other.last[range] > last[holder]) {
                return false;
            }
        }
        return true;
    }
}
