// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.internal;

import io.netty.channel.EventLoop;
import io.netty.util.internal.ThreadExecutorMap;

/** Keeps calls that block off the event loops. */
public final class EventLoops {
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
}
