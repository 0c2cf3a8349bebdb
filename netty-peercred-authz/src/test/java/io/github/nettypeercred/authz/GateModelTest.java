// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.GateSequence.End;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What must hold whatever befalls the handler in whatever order. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GateModelTest {
    private static final int SEQUENCES = Integer.getInteger("model.sequences", 1_000_000);
    private static final Logger LOGGER = Logger.getLogger("io.github.nettypeercred.authz");
    private static final Logger NETTY = Logger.getLogger("io.netty");

    @BeforeAll
    static void quiet() {
        LOGGER.setLevel(Level.OFF);
        NETTY.setLevel(Level.OFF);
    }

    @AfterAll
    static void loud() {
        LOGGER.setLevel(null);
        NETTY.setLevel(null);
    }

    @Test
    void anySequence_letsNothingPassUndecided() {
        long first = Long.getLong("model.seed", System.nanoTime());
        System.out.println("GateModelTest: " + SEQUENCES + " sequences from seed " + first);
        Map<End, Integer> ends = new ConcurrentHashMap<>();
        IntStream.range(0, SEQUENCES).parallel().forEach(i -> ends.merge(run(first + i), 1, Integer::sum));
        System.out.println("GateModelTest: " + ends);
        for (End end : End.values()) { // otherwise the sequences are not the ones that this is about
            assertThat(ends.getOrDefault(end, 0)).as(end.name()).isGreaterThan(SEQUENCES / 500);
        }
    }

    private static End run(long seed) {
        try {
            return new GateSequence(new Random(seed * 0x9E37_79B9_7F4A_7C15L)).run();
        } catch (Throwable e) {
            throw new AssertionError("seed " + seed + ": repeat with -Dmodel.seed and -Dmodel.sequences=1", e);
        }
    }
}
