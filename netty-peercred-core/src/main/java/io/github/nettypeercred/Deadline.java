// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How long a handler waits for the first read. Runs on the channel's event loop. */
final class Deadline {
    static final Duration DEFAULT = Duration.ofSeconds(30);

    private final @Nullable Duration length;
    private @Nullable Future<?> timer;
    private boolean over;

    /** Makes one that has not started; null for one that never passes. */
    Deadline(@Nullable Duration length) {
        this.length = length;
    }

    /** Returns a length that event loops can count. */
    static Duration checked(Duration length) {
        if (length.isNegative() || length.isZero() || length.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("deadline: " + length);
        }
        return length;
    }

    /** Has a task run when the deadline has passed, unless it is ended before. Only the first call counts. */
    void start(ChannelHandlerContext ctx, Runnable onTimeout) {
        if (length == null || timer != null || over) {
            return;
        }
        try {
            timer = ctx.executor().schedule(() -> pass(ctx, onTimeout), length.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            Log.debug("the event loop is shut down: no deadline, and no read", e);
        }
    }

    private void pass(ChannelHandlerContext ctx, Runnable onTimeout) {
        if (over) {
            return;
        }
        if (ctx.executor().inEventLoop()) {
            onTimeout.run();
        } else {
            ctx.executor().execute(() -> pass(ctx, onTimeout)); // registered with another event loop since
        }
    }

    /** Ends the wait. */
    void end() {
        over = true;
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    Absence timedOut() {
        return new Absence(AbsenceReason.TIMED_OUT, "nothing was read from the peer within " + length);
    }
}
