// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.internal;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.internal.ThreadExecutorMap;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.concurrent.RejectedExecutionException;

/** Keeps calls that block off the event loops, and the others on them. */
public final class EventLoops {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(EventLoops.class);

    private EventLoops() {}

    /**
     * Throws if the calling thread is that of an event loop.
     *
     * @param call what blocks
     * @throws IllegalStateException on an event loop
     */
    public static void ensureMayBlock(String call) {
        if (ThreadExecutorMap.currentExecutor() instanceof EventLoop) {
            throw new IllegalStateException(call + " blocks: not on an event loop");
        }
    }

    /**
     * Runs a task on the event loop of a channel, now if this is it. The channel may be registered with another loop before the task
     * runs, and then it is that loop that runs it. A channel whose loop is shut down is closed.
     *
     * @param channel the channel
     * @param task what to run
     */
    public static void execute(Channel channel, Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            executeLater(channel, task);
        }
    }

    /**
     * The same, but never now.
     *
     * @param channel the channel
     * @param task what to run
     */
    public static void executeLater(Channel channel, Runnable task) {
        try {
            channel.eventLoop().execute(() -> execute(channel, task));
        } catch (RejectedExecutionException e) {
            LOGGER.debug("the event loop is shut down: closing {}", channel, e);
            channel.close();
        }
    }
}
