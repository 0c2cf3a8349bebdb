// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a handler on an executor of its own holds while the event loop looks for its answer: events in the order in which they
 * came, with the messages that they own. It may be released from another thread than that of the executor.
 */
final class HeldEvents {
    private final Queue<Held> events = new ConcurrentLinkedQueue<>();

    /** Set when the executor takes no answer any more; it may still run what it took before. */
    private volatile boolean abandoned;

    /** Holds an event, and the message that is let go of if the event never gets to be played. */
    void add(@Nullable Object owned, Runnable play) {
        events.add(new Held(owned, play));
        if (abandoned) {
            release();
        }
    }

    boolean isEmpty() {
        return events.isEmpty();
    }

    /** Plays all that is held, and what is added meanwhile. */
    void play() {
        for (Held event = events.poll(); event != null; event = events.poll()) {
            event.play.run();
        }
    }

    /**
     * Plays what is held, and what is added meanwhile, up to the first read that nobody has asked for.
     *
     * @return whether all has been played
     */
    boolean playUntilRead(BooleanSupplier asked) {
        for (Held event = events.peek(); event != null; event = events.peek()) {
            if (event.owned instanceof HeldRead && !asked.getAsBoolean()) {
                return false;
            }
            events.remove();
            event.play.run();
        }
        return true;
    }

    /** Lets go of all that is held. */
    void release() {
        for (Held event = events.poll(); event != null; event = events.poll()) {
            discard(event.owned);
        }
    }

    /** Lets go of all that is held and of all that will be. */
    void abandon() {
        abandoned = true;
        release();
    }

    /** Lets go of a message that must not go on; a descriptor that was read is open by now. */
    static void discard(@Nullable Object message) {
        if (message instanceof FileDescriptor descriptor) {
            try {
                descriptor.close();
            } catch (IOException e) {
                Log.debug("a descriptor that nobody gets was closed", e);
            }
        }
        ReferenceCountUtil.release(message);
    }

    private record Held(@Nullable Object owned, Runnable play) {}
}
