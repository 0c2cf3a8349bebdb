// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.netty.channel.Channel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The arrivals that are not yet reported, in order. When they are not taken as fast as they come the server stops accepting
 * for a while: peers then wait in the socket's backlog, not in this process's memory.
 */
final class ArrivalQueue {
    private static final int LIMIT = 1024;

    private final BlockingQueue<Arrival> waiting = new LinkedBlockingQueue<>();
    private volatile @Nullable Channel paused;

    /** Adds one, on the event loop that the server channel shares with its connections. */
    void add(Arrival arrival, Channel server) {
        waiting.add(arrival);
        if (waiting.size() >= LIMIT) {
            server.config().setAutoRead(false);
            paused = server;
            resumeIfRoom(); // everything may have been taken before the line above
        }
    }

    /** Waits for the next one, off the event loop. */
    Arrival next() throws InterruptedException {
        Arrival arrival = waiting.take();
        Channel server = paused;
        if (server != null && waiting.size() <= LIMIT / 2) {
            server.eventLoop().execute(this::resumeIfRoom);
        }
        return arrival;
    }

    private void resumeIfRoom() {
        Channel server = paused;
        if (server != null && waiting.size() <= LIMIT / 2) {
            paused = null;
            server.config().setAutoRead(true);
        }
    }
}
