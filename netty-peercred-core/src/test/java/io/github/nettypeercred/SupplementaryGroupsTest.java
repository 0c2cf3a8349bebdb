// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SupplementaryGroupsTest {
    private static final int TWO_TO_THE_31 = Integer.MIN_VALUE;
    private static final int HIGHEST = -2;

    @Test
    void contains_idsOfTheWholeRange_areFound() {
        SupplementaryGroups groups = SupplementaryGroups.of(new int[] {HIGHEST, 0, TWO_TO_THE_31, 2147483647}, 0);
        assertThat(groups.contains(0)).isTrue();
        assertThat(groups.contains(2147483647L)).isTrue();
        assertThat(groups.contains(2147483648L)).isTrue();
        assertThat(groups.contains(4294967294L)).isTrue();
        assertThat(groups.contains(1)).isFalse();
        assertThat(groups.contains(4294967293L)).isFalse();
    }

    @Test
    void contains_numbersOutsideTheRange_areInNoSet() {
        SupplementaryGroups groups = SupplementaryGroups.of(new int[] {HIGHEST, 0, 5}, 0);
        // Each of these has the low 32 bits of an id that is in the set.
        assertThat(groups.contains(-2)).isFalse();
        assertThat(groups.contains(1L << 32)).isFalse();
        assertThat(groups.contains((1L << 32) + 5)).isFalse();
        assertThat(groups.contains(-(1L << 32))).isFalse();
        assertThat(groups.contains(Long.MIN_VALUE)).isFalse();
        assertThat(groups.contains(Long.MIN_VALUE + 5)).isFalse();
    }

    @Test
    void contains_largestSet_findsEachAndNoOther() {
        int[] even =
                IntStream.range(0, 65536).map(i -> 65536 - i).map(i -> i * 2).toArray();
        SupplementaryGroups groups = SupplementaryGroups.of(even, 0);
        assertThat(groups.size()).isEqualTo(65536);
        for (int i = 1; i <= 65536; i++) {
            assertThat(groups.contains(i * 2L)).isTrue();
            assertThat(groups.contains(i * 2L + 1)).isFalse();
        }
    }

    @Test
    void stream_isAscendingAsUnsignedNumbersWithoutDuplicates() {
        SupplementaryGroups groups =
                SupplementaryGroups.of(new int[] {HIGHEST, 7, TWO_TO_THE_31, 7, 0, HIGHEST, 2147483647}, 0);
        assertThat(groups.stream()).containsExactly(0L, 7L, 2147483647L, 2147483648L, 4294967294L);
        assertThat(groups.size()).isEqualTo(5);
    }

    @Test
    void set_afterTheArrayChanged_isUnchanged() {
        int[] gids = {3, 1};
        SupplementaryGroups groups = SupplementaryGroups.of(gids, 0);
        gids[0] = 27;
        assertThat(groups.stream()).containsExactly(1L, 3L);
    }

    @Test
    void unmapped_isCountedAndInTheSetUnderNoNumber() {
        SupplementaryGroups groups = SupplementaryGroups.of(new int[0], 3);
        assertThat(groups.unmapped()).isEqualTo(3);
        assertThat(groups.size()).isZero();
        assertThat(groups.contains(65534)).isFalse();
        assertThat(groups).hasToString("[; 3 unmapped]").isNotEqualTo(SupplementaryGroups.of(new int[0], 0));
        assertThatThrownBy(() -> SupplementaryGroups.of(new int[0], -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void equality_looksAtTheSetNotTheOrder() {
        SupplementaryGroups groups = SupplementaryGroups.of(new int[] {1, 2, 2}, 1);
        assertThat(groups)
                .isEqualTo(SupplementaryGroups.of(new int[] {2, 1}, 1))
                .hasSameHashCodeAs(SupplementaryGroups.of(new int[] {2, 1}, 1))
                .isNotEqualTo(SupplementaryGroups.of(new int[] {2, 1}, 0))
                .isNotEqualTo(SupplementaryGroups.of(new int[] {2, 3}, 1))
                .isNotEqualTo("[1, 2]");
    }

    @Test
    void toString_isBounded() {
        assertThat(SupplementaryGroups.of(new int[0], 0)).hasToString("[]");
        assertThat(SupplementaryGroups.of(new int[] {HIGHEST, 5}, 0)).hasToString("[5, 4294967294]");
        assertThat(SupplementaryGroups.of(IntStream.range(0, 16).toArray(), 0).toString())
                .endsWith("14, 15]");
        assertThat(SupplementaryGroups.of(IntStream.range(0, 17).toArray(), 2).toString())
                .endsWith("14, 15, 1 more; 2 unmapped]");
        assertThat(SupplementaryGroups.of(IntStream.range(-65537, -1).toArray(), 9)
                        .toString())
                .hasSizeLessThan(256)
                .contains("65520 more; 9 unmapped");
    }

    @Test
    void at_givesEveryGroupOnce() {
        SupplementaryGroups groups = SupplementaryGroups.of(new int[] {5, -2, 5, 0}, 0);
        assertThat(java.util.stream.LongStream.range(0, groups.size()).map(i -> groups.at((int) i)))
                .containsExactlyInAnyOrder(0L, 5L, 4294967294L);
    }
}
