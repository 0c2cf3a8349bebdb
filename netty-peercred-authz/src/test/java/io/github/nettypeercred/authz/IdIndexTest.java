// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class IdIndexTest {
    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);

    /** Ids that lie close together, apart, or at the ends. */
    private long id() {
        long id =
                switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(40);
                    case 1 -> 100_000L + random.nextInt(3000);
                    case 2 -> random.nextLong(IdSet.LAST + 1);
                    default -> IdSet.LAST - random.nextInt(4);
                };
        return Math.min(id, IdSet.LAST);
    }

    @Test
    void find_givesTheRulesThatNameAnId_inOrder() {
        System.out.println("IdIndexTest: -Dseed=" + seed);
        for (int round = 0; round < 300; round++) {
            List<IdSet> sets = new ArrayList<>();
            List<Long> asked = new ArrayList<>(List.of(0L, IdSet.LAST));
            for (int rule = random.nextInt(60); rule >= 0; rule--) {
                List<IdSet.Range> ranges = new ArrayList<>();
                for (int i = random.nextInt(8); i >= 0; i--) {
                    long first = id();
                    long last = random.nextInt(3) > 0 ? first : Math.max(first, id());
                    ranges.add(new IdSet.Range(first, last));
                    asked.addAll(List.of(first, last, Math.max(0, first - 1), Math.min(IdSet.LAST, last + 1), id()));
                }
                sets.add(IdSet.of(ranges));
            }
            IdIndex index = IdIndex.of(sets);
            for (long id : asked) {
                assertThat(index.find((int) id))
                        .as("seed %d, id %d", seed, id)
                        .containsExactly(IntStream.range(0, sets.size())
                                .filter(rule -> sets.get(rule).contains(id))
                                .toArray());
            }
        }
    }

    @Test
    void rangesThatAllOverlap_areTooManyForLists_andStillDecidedRight() {
        List<IdSet> sets = IntStream.range(0, 3000)
                .mapToObj(i -> IdSet.of(List.of(new IdSet.Range(i, 100_000 + i))))
                .toList();
        assertThatThrownBy(() -> IdIndex.of(sets)).isInstanceOf(IdIndex.TooLarge.class);
        PeerPolicy.Builder builder = PeerPolicy.builder();
        for (int i = 0; i < 3000; i++) {
            long first = i;
            builder.allow(
                    "rule " + i, rule -> rule.userRange(first, 100_000 + first).group(first));
        }
        PeerPolicy policy = builder.build(new MadeAccounts());
        assertThat(policy.decide(MadePeer.of(5000, 2999).noGroups().make())).hasToString("allowed by rule 'rule 2999'");
        assertThat(policy.decide(MadePeer.of(5000, 3000).groups(2000, 7).make()))
                .hasToString("allowed by rule 'rule 7'");
        assertThat(policy.decide(MadePeer.of(5000, 3000).noGroups().make())).hasToString("denied: no rule matched");
    }
}
