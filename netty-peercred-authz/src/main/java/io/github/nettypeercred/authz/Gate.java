// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.authz.HeldEvents.Kind;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What stands between a peer and the handlers behind: holds what comes in and what goes out until it is opened. It decides nothing. For
 * the channel's event loop alone.
 */
final class Gate {
    /** More than one read brings, cut into single bytes: nobody comes to it for whom reads are held. */
    private static final long MOST_HELD = 16 << 20;

    private enum State {
        /** Nothing passes, and what is read is held: it may be needed to decide. */
        SHUT,
        /** It is being decided: nothing is read meanwhile. */
        ASKING,
        OPEN,
        /** Nothing passes any more, whatever is asked or answered yet. */
        DENIED
    }

    private final PeerCounters counters;
    private final QueuedWrites writes;
    private final BiConsumer<ChannelHandlerContext, Object> reader;
    private final HeldEvents held = new HeldEvents(MOST_HELD);

    private State state = State.SHUT;
    private boolean wasOpen;
    private boolean playing;
    private boolean readHeld;
    /** Whether autoRead was on when reads were held, and is to be put on again. */
    private boolean autoRead;
    /** Whether autoRead is put on again, which reads at once: what comes in then is behind what is held. */
    private boolean restoring;
    /** Whether it was put on again, and what was held comes first. */
    private boolean restored;
    /** Whether the handlers behind have not heard of an activity whose end they must then not hear of either. */
    private boolean keptActive;

    private PeerDecision denial = PeerAccess.NONE.decision();

    /** Makes one that is shut; the reader gets the messages that come through when it is open. */
    Gate(PeerCounters counters, int queuedBytes, BiConsumer<ChannelHandlerContext, Object> reader) {
        this.counters = counters;
        this.writes = new QueuedWrites(queuedBytes);
        this.reader = reader;
    }

    boolean isOpen() {
        return state == State.OPEN;
    }

    boolean isDenied() {
        return state == State.DENIED;
    }

    boolean isAsking() {
        return state == State.ASKING;
    }

    /** Whether it was open ever. */
    boolean wasOpen() {
        return wasOpen;
    }

    /** Whether it is open, and nothing is on its way through. */
    boolean isIdle() {
        return state == State.OPEN && !playing && !restoring && held.isEmpty();
    }

    /** Shuts it until an answer is there; what was written by a peer that was let in passes on. */
    void ask() {
        if (state != State.DENIED) {
            state = State.ASKING;
        }
    }

    /** The same, with a message that came through and must wait for the answer, ahead of the others. */
    void ask(ChannelHandlerContext ctx, Object message) {
        if (state == State.DENIED) {
            HeldEvents.discard(Kind.READ, message);
        } else {
            held.addFirst(Kind.READ, message);
            state = State.ASKING;
            hold(ctx);
        }
    }

    /** Holds reads that have begun: with autoRead on, epoll goes on reading whether or not read() is called. */
    private void hold(ChannelHandlerContext ctx) {
        if (ctx.channel().config().isAutoRead()) {
            autoRead = true;
            ctx.channel().config().setAutoRead(false);
        }
    }

    /** Puts autoRead on again, before the handlers behind are told and get what was held, so that it stays off if one of them puts it off. */
    private void letGo(ChannelHandlerContext ctx) {
        if (autoRead) {
            autoRead = false;
            restored = true;
            restoring = true;
            try {
                ctx.channel().config().setAutoRead(true);
            } finally {
                restoring = false;
            }
        }
    }

    /** Opens it: sends what waits to go out; what was held comes when it is {@linkplain #play played}. */
    void open(ChannelHandlerContext ctx) {
        if (state == State.DENIED) {
            return;
        }
        state = State.OPEN;
        wasOpen = true;
        writes.send(ctx);
        letGo(ctx);
    }

    /** Shuts it for good, lets go of what is held, and fails what waits to go out. */
    void deny(PeerDecision why) {
        state = State.DENIED;
        denial = why;
        held.release();
        writes.fail(counters, why);
    }

    /** Passes on what was held, up to where something has to be decided. */
    void play(ChannelHandlerContext ctx) {
        if (playing || restoring) {
            return; // who plays goes on, or who has opened it
        }
        playing = true;
        try {
            for (HeldEvents.Held event = next(); event != null; event = next()) {
                dispatch(ctx, event.kind(), event.what());
            }
        } finally {
            playing = false;
        }
        if ((state == State.OPEN || state == State.SHUT) && !ctx.isRemoved()) {
            boolean read = readHeld || (restored && ctx.channel().config().isAutoRead());
            readHeld = false;
            restored = false;
            if (read) {
                ctx.read();
            }
        }
    }

    private HeldEvents.@Nullable Held next() {
        return state == State.OPEN ? held.poll() : null;
    }

    /** Passes an event on, holds it or lets go of it; returns false if it is a message for which there was no room. */
    boolean take(ChannelHandlerContext ctx, Kind kind, @Nullable Object what) {
        if (kind == Kind.ACTIVE) {
            keptActive = true;
        }
        if (state == State.DENIED) {
            HeldEvents.discard(kind, what);
        } else if (state == State.OPEN && !playing && !restoring) {
            dispatch(ctx, kind, what);
        } else {
            if (state == State.ASKING && kind == Kind.READ) {
                hold(ctx); // each time, since others may have put autoRead on
            }
            if (!held.add(kind, what) && kind == Kind.READ) {
                HeldEvents.discard(kind, what);
                return false;
            }
        }
        return true;
    }

    private void dispatch(ChannelHandlerContext ctx, Kind kind, @Nullable Object what) {
        switch (kind) {
            case ACTIVE -> {
                keptActive = false;
                ctx.fireChannelActive();
            }
            case READ -> reader.accept(ctx, Objects.requireNonNull(what));
            case READ_COMPLETE -> ctx.fireChannelReadComplete();
            case EVENT -> ctx.fireUserEventTriggered(Objects.requireNonNull(what));
            case WRITABILITY -> ctx.fireChannelWritabilityChanged();
            case EXCEPTION -> ctx.fireExceptionCaught((Throwable) Objects.requireNonNull(what));
        }
    }

    /** Ends it with the channel; the handlers behind hear of it if they had heard of the beginning. */
    void end(ChannelHandlerContext ctx) {
        held.release();
        boolean heard = wasOpen && !keptActive;
        if (state != State.OPEN) {
            deny(denial);
        }
        if (heard) {
            ctx.fireChannelInactive();
        }
    }

    void read(ChannelHandlerContext ctx) {
        if (restoring) {
            return; // when what was held has passed
        }
        if (state == State.ASKING) {
            readHeld = true;
        } else if (state != State.DENIED) {
            ctx.read();
        }
    }

    private boolean letsOut() {
        return state == State.OPEN || (state == State.ASKING && wasOpen);
    }

    void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (letsOut()) {
            ctx.write(message, promise);
        } else if (state == State.DENIED) {
            writes.failOne(counters, denial, message, promise);
        } else if (!writes.add(ctx, message, promise)) {
            writes.failOne(counters, denial, message, promise);
            Log.debug(
                    "{}: a write failed because it came before the decision, which {} has it wait for",
                    ctx.channel(),
                    "queueWrites(..)");
        }
    }

    void flush(ChannelHandlerContext ctx) {
        if (letsOut()) {
            ctx.flush();
        } else {
            writes.flushLater();
        }
    }
}
