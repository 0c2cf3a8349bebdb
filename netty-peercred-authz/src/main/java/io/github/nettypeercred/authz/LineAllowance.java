// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.function.LongSupplier;

/**
 * How many lines a user may cause in a log: a few a minute, in memory that does not grow. Users whose ids fall into one slot share an
 * allowance, so that one with many ids cannot fill the log either: there are no more lines a minute than a few a slot. Allocates nothing. For any thread.
 */
final class LineAllowance {
    static final int LINES = 5;
    static final long WINDOW_NANOS = 60_000_000_000L;

    private final LongSupplier nanoTime;
    private final long[] began;
    private final int[] lines;
    private final int[] suppressed;

    LineAllowance(int slots, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        began = new long[slots];
        lines = new int[slots];
        suppressed = new int[slots];
    }

    /**
     * Takes a line of a user's allowance.
     *
     * @param who the user, or whatever else stands for who causes it
     * @return how many lines were suppressed since the last one; -1 if this is to be suppressed too
     */
    synchronized int take(long who) {
        int slot = (int) (((who * 0x9E37_79B9_7F4A_7C15L) >>> 32) % lines.length);
        long now = nanoTime.getAsLong();
        if (lines[slot] == 0 || now - began[slot] >= WINDOW_NANOS) {
            began[slot] = now;
            lines[slot] = 0;
        }
        if (lines[slot] == LINES) {
            suppressed[slot] += suppressed[slot] == Integer.MAX_VALUE ? 0 : 1;
            return -1;
        }
        lines[slot]++;
        int before = suppressed[slot];
        suppressed[slot] = 0;
        return before;
    }
}
