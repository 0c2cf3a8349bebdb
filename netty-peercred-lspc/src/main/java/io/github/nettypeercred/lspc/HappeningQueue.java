// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * What happened and is not yet reported, in order. When it is not taken as fast as it comes, the channels that it comes from stop
 * reading for a while: peers then wait in the kernel's queues, not in this process's memory.
 */
final class HappeningQueue {
    private static final int LIMIT = 1024;

    private final BlockingQueue<Happening> waiting = new LinkedBlockingQueue<>();
    private final EventLoop eventLoop;
    private final Set<Channel> paused = new HashSet<>(); // touched on the event loop alone
    private volatile boolean pausing;

    /** Makes a queue for channels of one event loop. */
    HappeningQueue(EventLoop eventLoop) {
        this.eventLoop = eventLoop;
    }

    /** Adds one, on the event loop, of a channel that stops reading when too much waits. */
    void add(Happening happening, Channel source) {
        waiting.add(happening);
        if (waiting.size() >= LIMIT) {
            source.config().setAutoRead(false);
            paused.add(source);
            pausing = true;
            resumeIfRoom(); // everything may have been taken before the line above
        }
    }

    /** Waits for the next one, off the event loop. */
    Happening next() throws InterruptedException {
        Happening happening = waiting.take();
        if (pausing && waiting.size() <= LIMIT / 2) {
            eventLoop.execute(this::resumeIfRoom);
        }
        return happening;
    }

    private void resumeIfRoom() {
        if (waiting.size() <= LIMIT / 2) {
            pausing = false;
            paused.forEach(channel -> channel.config().setAutoRead(true));
            paused.clear();
        }
    }
}
