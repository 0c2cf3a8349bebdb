// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A budget of units that accounts hold, of which each may have a fair share.
 *
 * <p>An account that would hold {@code used} units after taking one gets it if {@code used * holders <= free}, where {@code holders} is
 * the number of accounts that hold any, itself among them, and {@code free} is what nobody would hold then. So one account alone gets half of the budget B;
 * the k-th of several that take all they get, one after the other, gets B / (k (k + 1)), and B / (k + 1) stays
 * free for who comes next. Nothing is taken back from who has it already.
 */
final class FairShare {
    private static final long ONE_HOLDER = 1L << 32;
    private static final long USED = ONE_HOLDER - 1;

    private final int budget;

    /** The number of holders above, that of units in use below: both change at once. */
    private final AtomicLong state = new AtomicLong();

    FairShare(int budget) {
        this.budget = budget;
    }

    /**
     * Takes a unit for an account that holds some already. The caller changes that number, and keeps others from it meanwhile.
     *
     * @return whether it was taken
     */
    boolean tryTake(int held) {
        long before;
        long after;
        do {
            before = state.get();
            after = before + 1 + (held == 0 ? ONE_HOLDER : 0);
            if ((held + 1) * (after >>> 32) > budget - (after & USED)) {
                return false;
            }
        } while (!state.compareAndSet(before, after));
        return true;
    }

    /** Gives a unit back for an account that holds some. */
    void giveBack(int held) {
        state.addAndGet(-1 - (held == 1 ? ONE_HOLDER : 0));
    }

    int used() {
        return (int) (state.get() & USED);
    }

    int holders() {
        return (int) (state.get() >>> 32);
    }
}
