// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Writes that wait for the decision, up to so many bytes. */
final class QueuedWrites {
    private static final int MOST = 4096;

    private final int bytes;
    private long queuedBytes;
    private boolean flush;
    private @Nullable Deque<Queued> queue;

    private record Queued(Object message, ChannelPromise promise) {}

    /** Makes one for so many bytes, 0 for none. */
    QueuedWrites(int bytes) {
        this.bytes = bytes;
    }

    /** Takes a write, if there is room. */
    boolean add(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (bytes == 0) {
            return false;
        }
        if (queue == null) {
            queue = new ArrayDeque<>();
        }
        long size = Math.max(
                0, ctx.channel().config().getMessageSizeEstimator().newHandle().size(message));
        if (queue.size() >= MOST || queuedBytes + size > bytes) {
            return false;
        }
        queuedBytes += size;
        queue.addLast(new Queued(message, promise));
        return true;
    }

    void flushLater() {
        flush = true;
    }

    void send(ChannelHandlerContext ctx) {
        if (queue != null) {
            for (Queued each = queue.poll(); each != null; each = queue.poll()) {
                ctx.write(each.message, each.promise);
            }
        }
        queuedBytes = 0;
        if (flush) {
            flush = false;
            ctx.flush();
        }
    }

    void fail(PeerCounters counters, PeerDecision why) {
        if (queue != null) {
            for (Queued each = queue.poll(); each != null; each = queue.poll()) {
                failOne(counters, why, each.message, each.promise);
            }
        }
    }

    void failOne(PeerCounters counters, PeerDecision why, Object message, ChannelPromise promise) {
        counters.failedWrites.increment();
        ReferenceCountUtil.release(message);
        promise.tryFailure(new PeerUnauthorizedException(why, "not written, since the peer is not let in: "));
    }
}
