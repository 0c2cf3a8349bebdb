// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

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

    record Held(Kind kind, @Nullable Object what) {}

    private final int most;
    private @Nullable Deque<Held> events; // made when something is held, which with a policy is seldom

    HeldEvents(int most) {
        this.most = most;
    }

    boolean isEmpty() {
        return events == null || events.isEmpty();
    }

    /** Holds an event; returns false, and takes nothing, if there are too many. */
    boolean add(Kind kind, @Nullable Object what) {
        Deque<Held> queue = queue();
        if (queue.size() >= most && kind != Kind.ACTIVE) {
            if (kind != Kind.READ) {
                discard(kind, what);
            }
            return false;
        }
        queue.addLast(new Held(kind, what));
        return true;
    }

    /** Holds an event in front of the others. */
    void addFirst(Kind kind, Object what) {
        queue().addFirst(new Held(kind, what));
    }

    private Deque<Held> queue() {
        if (events == null) {
            events = new ArrayDeque<>();
        }
        return events;
    }

    @Nullable
    Held poll() {
        return events == null ? null : events.poll();
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
