// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Runs benchmarks on threads of the class that event loops run on, whose thread locals are the fast ones. */
public final class EventLoopLikeExecutor extends ThreadPoolExecutor {
    /** Made by JMH, which finds the class by system property {@code jmh.executor.class}. */
    public EventLoopLikeExecutor(int threads, String prefix) {
        super(threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), new DefaultThreadFactory(prefix));
    }
}
