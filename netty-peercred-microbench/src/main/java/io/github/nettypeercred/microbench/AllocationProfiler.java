// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Counts the bytes that the measuring thread allocates in an operation. JMH's own profiler counts all threads', which in
 * iterations as short as ours adds a byte or two that are not the operation's.
 */
public final class AllocationProfiler implements InternalProfiler {
    static final String BYTES = "bytes";

    private long before;

    @Override
    public String getDescription() {
        return "bytes allocated by the measuring thread";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        before = EventLoopLikeExecutor.allocated();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double bytes = EventLoopLikeExecutor.allocated() - before;
        double each = bytes / result.getMetadata().getAllOps();
        return List.of(new ScalarResult(BYTES, each, "B/op", AggregationPolicy.AVG));
    }
}
