// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FairShareTest {
    private static int takeAll(FairShare share) {
        int held = 0;
        while (share.tryTake(held)) {
            held++;
        }
        return held;
    }

    @Test
    void greedyOnes_oneAfterTheOther_leaveEnoughForTheNext() {
        int budget = 10_000;
        FairShare share = new FairShare(budget);
        int used = 0;
        for (int k = 1; k <= 98; k++) {
            int held = takeAll(share);
            used += held;
            assertThat(held)
                    .isBetween(budget / (k * (k + 1)) - 2, budget / (k * (k + 1)) + 2)
                    .isPositive();
            assertThat(budget - used).isGreaterThanOrEqualTo(budget / (k + 1) - 1);
            assertThat(share.used()).isEqualTo(used);
            assertThat(share.holders()).isEqualTo(k);
        }
    }

    @Test
    void oneAlone_hasHalf_andWhatItGivesBackIsThere() {
        FairShare share = new FairShare(101);
        int held = takeAll(share);
        assertThat(held).isEqualTo(50);
        for (; held > 0; held--) {
            share.giveBack(held);
        }
        assertThat(share.used()).isZero();
        assertThat(share.holders()).isZero();
        assertThat(takeAll(share)).isEqualTo(50);
    }

    @Test
    void smallestBudgets() {
        assertThat(takeAll(new FairShare(1))).isZero();
        assertThat(takeAll(new FairShare(2))).isEqualTo(1);
        assertThat(takeAll(new FairShare(1 << 20))).isEqualTo(1 << 19);
    }
}
