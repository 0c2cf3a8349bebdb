// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import com.sun.management.ThreadMXBean;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.lang.management.ManagementFactory;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Runs benchmarks on threads of the class that event loops run on, whose thread locals are the fast ones. */
public final class EventLoopLikeExecutor extends ThreadPoolExecutor {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Queue<Thread> STARTED = new ConcurrentLinkedQueue<>();

    /** Made by JMH, which finds the class by system property {@code jmh.executor.class}. */
    public EventLoopLikeExecutor(int threads, String prefix) {
        super(threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), new DefaultThreadFactory(prefix) {
            @Override
            protected Thread newThread(Runnable task, String name) {
                Thread thread = super.newThread(task, name);
                STARTED.add(thread);
                return thread;
            }
        });
    }

    /** Returns how many bytes these threads have allocated so far. */
    static long allocated() {
        return STARTED.stream()
                .mapToLong(thread -> THREADS.getThreadAllocatedBytes(thread.getId()))
                .sum();
    }
}
