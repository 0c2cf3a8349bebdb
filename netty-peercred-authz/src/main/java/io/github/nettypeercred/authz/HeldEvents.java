// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.AttestedMessage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** What waits for a decision: inbound events, in the order in which they came, with the messages that they own. */
final class HeldEvents {
    enum Kind {
        ACTIVE,
        READ,
        READ_COMPLETE,
        EVENT,
        WRITABILITY,
        EXCEPTION
    }

    /** What an event takes besides its message, about. */
    private static final int OVERHEAD = 128;

    record Held(Kind kind, @Nullable Object what, long bytes) {}

    private final long most;
    private long bytes;
    private @Nullable Deque<Held> events; // made when something is held, which with a policy is seldom

    /** Makes one that holds so many bytes, each event's overhead counted. */
    HeldEvents(long most) {
        this.most = most;
    }

    boolean isEmpty() {
        return events == null || events.isEmpty();
    }

    /** Holds an event; returns false, and takes nothing, if that is too much. */
    boolean add(Kind kind, @Nullable Object what) {
        long size = OVERHEAD + sizeOf(what);
        if (bytes + size > most && kind != Kind.ACTIVE) {
            if (kind != Kind.READ) {
                discard(kind, what);
            }
            return false;
        }
        queue().addLast(new Held(kind, what, size));
        bytes += size;
        return true;
    }

    private static long sizeOf(@Nullable Object what) {
        Object message = what instanceof AttestedMessage attested ? attested.message() : what;
        if (message instanceof ByteBuf buffer) {
            return buffer.readableBytes();
        }
        return message instanceof ByteBufHolder holder ? holder.content().readableBytes() : 0;
    }

    /** Holds an event in front of the others. */
    void addFirst(Kind kind, Object what) {
        long size = OVERHEAD + sizeOf(what);
        queue().addFirst(new Held(kind, what, size));
        bytes += size;
    }

    private Deque<Held> queue() {
        if (events == null) {
            events = new ArrayDeque<>();
        }
        return events;
    }

    @Nullable
    Held poll() {
        Held first = events == null ? null : events.poll();
        if (first != null) {
            bytes -= first.bytes;
        }
        return first;
    }

    /** Lets go of all that is held. */
    void release() {
        for (Held event = poll(); event != null; event = poll()) {
            discard(event.kind, event.what);
        }
    }

    /** Lets go of what must not go on; a descriptor that was read is open by now. */
    static void discard(Kind kind, @Nullable Object what) {
        if (kind == Kind.READ && what instanceof FileDescriptor descriptor) {
            try {
                descriptor.close();
            } catch (IOException e) {
                Log.debug("a descriptor that nobody gets was closed", e);
            }
        }
        ReferenceCountUtil.release(what);
    }
}
