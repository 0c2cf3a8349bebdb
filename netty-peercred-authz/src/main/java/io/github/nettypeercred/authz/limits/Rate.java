// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

/**
 * A token bucket's measures, in units of which a second has 10^9: one token is 10^9 units, and a rate of n a second is n units a
 * nanosecond, so nothing is ever rounded. A bucket is a level that {@code long} holds: capacity when full, below zero in debt.
 *
 * @param perSecond tokens a second, 1 to 2^32
 * @param burst the capacity in tokens, 1 to 2^32
 * @param overLimit what becomes of who goes over it
 */
record Rate(long perSecond, long burst, OverLimit overLimit) {
    static final long TOKEN = 1_000_000_000;

    /** A debt at which it stops to grow: of centuries for every rate that anybody would set. */
    private static final long DEEPEST = -(1L << 62);

    Rate {
        if (perSecond < 1 || perSecond > 1L << 32) {
            throw new IllegalArgumentException("a rate is 1 to 2^32 a second: " + perSecond);
        }
        if (burst < 1 || burst > 1L << 32) {
            throw new IllegalArgumentException("a burst is 1 to 2^32: " + burst);
        }
    }

    long full() {
        return burst * TOKEN;
    }

    /** The level after some nanoseconds, 0 or more. */
    long refilled(long level, long nanos) {
        long missing = full() - level;
        return nanos > missing / perSecond ? full() : level + nanos * perSecond;
    }

    boolean has(long level, long tokens) {
        return tokens <= burst && level >= tokens * TOKEN;
    }

    boolean refuses(long level, long tokens) {
        return overLimit == OverLimit.REFUSE && !has(level, tokens);
    }

    /**
     * Whether one more connection is refused: who opens and closes is never read from, so that slowing alone would hold nobody to the
     * rate, and the debt would grow for ever.
     */
    boolean refusesOpening(long level) {
        return level - TOKEN < (overLimit == OverLimit.SLOW ? -full() : 0);
    }

    /** The level after tokens, 0 or more, were taken, whether there or not. */
    long taken(long level, long tokens) {
        return Math.max(DEEPEST, level - Math.min(tokens, 1L << 32) * TOKEN);
    }

    /** The nanoseconds until the level is out of debt; 0 if it is. */
    long nanosInDebt(long level) {
        return level >= 0 ? 0 : (-level + perSecond - 1) / perSecond;
    }
}
