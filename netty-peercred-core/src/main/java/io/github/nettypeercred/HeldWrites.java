// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.PendingWriteQueue;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Writes that wait in a handler, in order, with their last flush. They count as the channel's pending bytes, so that it becomes
 * unwritable as it would without the handler. Belongs to the event loop on which it was made.
 */
final class HeldWrites {
    private final PendingWriteQueue queue;
    private final Queue<ChannelPromise> promises = new ArrayDeque<>();

    /** How many of the writes a flush stands behind. */
    private int flushed;

    /** Whether a flush was asked for of which some write, here or just passed on, has not had its part. */
    private boolean flushAsked;

    HeldWrites(ChannelHandlerContext ctx) {
        queue = new PendingWriteQueue(ctx);
    }

    void add(Object message, ChannelPromise promise) {
        promises.add(promise);
        queue.add(message, promise);
    }

    void flush() {
        flushed = promises.size();
        flushAsked = true;
    }

    boolean isEmpty() {
        return promises.isEmpty();
    }

    /** The first message, if it has been flushed and its write not been cancelled, which is then too late to do. */
    @Nullable
    Object firstToSend() {
        while (flushed > 0) {
            if (promises.element().setUncancellable()) {
                return queue.current();
            }
            take();
        }
        return null;
    }

    private ChannelPromise take() {
        promises.remove();
        flushed = Math.max(0, flushed - 1);
        flushAsked &= flushed > 0;
        return Objects.requireNonNull(queue.remove());
    }

    /** Lets go of the first message, which has been sent. */
    void succeed() {
        take().trySuccess();
    }

    /** Lets go of the first message, which cannot be sent. */
    void fail(Throwable cause) {
        take().tryFailure(cause);
    }

    /** Lets go of all. */
    void failAll(Throwable cause) {
        while (!isEmpty()) {
            fail(cause);
        }
    }

    /** Writes all to the next handler, and flushes where that was asked for; also what is added meanwhile. */
    void passOn(ChannelHandlerContext ctx) {
        while (!isEmpty()) {
            promises.remove();
            boolean isLastFlushed = flushed == 1;
            flushed = Math.max(0, flushed - 1);
            queue.removeAndWrite();
            if (isLastFlushed) {
                flushAsked = false;
                ctx.flush();
            }
        }
        if (flushAsked) { // while the last was on its way
            flushAsked = false;
            ctx.flush();
        }
    }
}
