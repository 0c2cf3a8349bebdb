// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.sasl.ExternalEvent.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.PendingWriteQueue;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What both sides of the authentication have in common: to speak in lines, and to hold all else meanwhile. */
abstract sealed class ExternalHandler extends ChannelDuplexHandler
        permits ExternalServerHandler, ExternalClientHandler {
    static final int DEFAULT_LINE_LENGTH = 1024;
    static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(30);

    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred.sasl");

    /**
     * An event or a message that waits.
     *
     * @param owned what is let go of if it never passes
     */
    private record Held(@Nullable Object owned, Runnable pass) {}

    private enum State {
        /** The channel was not active so far. */
        NEW,
        /** Lines go to and fro. */
        TALKING,
        /** It is done, and what was held is about to pass. */
        DONE,
        /** What was written passes, and the events that were held are being passed on. */
        PASSING,
        /** Everything passes. */
        OPEN,
        /** It has failed: nothing passes. */
        FAILED
    }

    private final Duration deadline;
    private final LineReader lines;

    /** For the handlers behind, in order. */
    private final Queue<Held> held = new ArrayDeque<>();

    private State state = State.NEW;
    private @Nullable PendingWriteQueue writes;
    private boolean flushAsked;
    private boolean readAsked;
    private @Nullable Future<?> timer;
    private @Nullable IOException cause; // of FAILED
    /** Whether the handlers behind have not heard of an activity whose end they must then not hear of either. */
    private boolean keptActive;

    ExternalHandler(int maxLineLength, Duration deadline) {
        this.lines = new LineReader(maxLineLength);
        this.deadline = deadline;
    }

    static int checkedLineLength(int length) {
        if (length < 64) { // as an answer has to fit: OK and a GUID, and an error with a few words
            throw new IllegalArgumentException("line length: " + length);
        }
        return length;
    }

    static Duration checkedDeadline(Duration deadline) {
        if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("deadline: " + deadline);
        }
        return deadline;
    }

    /** The channel is active. */
    abstract void begin(ChannelHandlerContext ctx);

    /** Takes what stands ahead of the first line, if that is not done yet. There is a byte. */
    abstract void takePreamble(ChannelHandlerContext ctx, ByteBuf bytes);

    /** A line has come. */
    abstract void heard(ChannelHandlerContext ctx, String line);

    /** What to add to the message of a failure, such as the last rejection; empty for nothing. */
    abstract String remark();

    private boolean isUnderWay() {
        return state == State.NEW || state == State.TALKING;
    }

    @Override
    public final void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            try {
                ctx.executor().execute(() -> start(ctx)); // the handlers behind are not there yet
            } catch (RejectedExecutionException e) {
                LOGGER.debug("the event loop is shut down: nothing passes", e);
            }
        }
    }

    @Override
    public final void handlerRemoved(ChannelHandlerContext ctx) {
        if (isUnderWay()) {
            giveUp("the handler was removed before the authentication was done");
            ctx.close();
        }
        stopTimer();
    }

    private void start(ChannelHandlerContext ctx) {
        if (state != State.NEW || ctx.isRemoved() || !ctx.channel().isActive()) {
            return;
        }
        if (ctx.executor() != ctx.channel().eventLoop()) {
            fail(ctx, Reason.MISPLACED, "the handler works on the channel's event loop: add it without an executor");
            return;
        }
        state = State.TALKING;
        timer = ctx.executor().schedule(() -> passDeadline(ctx), deadline.toNanos(), TimeUnit.NANOSECONDS);
        begin(ctx);
        if (!ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
    }

    private void passDeadline(ChannelHandlerContext ctx) {
        if (isUnderWay()) {
            fail(ctx, Reason.TIMED_OUT, "not done within " + deadline);
        }
        ctx.close(); // also if it failed before, and the peer does not take our last words
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    /** Writes a line, to be sent with the next flush. */
    final void say(ChannelHandlerContext ctx, String line) {
        ctx.write(Unpooled.copiedBuffer(line + "\r\n", US_ASCII)).addListener(written -> {
            if (!written.isSuccess() && isUnderWay()) {
                ctx.fireExceptionCaught(written.cause());
                fail(ctx, Reason.CLOSED, "a line of ours was not sent");
            }
        });
    }

    /** It is done: tells the handlers behind, and lets what was held pass. */
    final void finish(ChannelHandlerContext ctx, ExternalEvent event) {
        if (state != State.TALKING) {
            return;
        }
        state = State.DONE;
        stopTimer();
        held.add(new Held(null, () -> ctx.fireUserEventTriggered(event)));
    }

    /** Tells the handlers behind, says what is still to be said, and closes. */
    final void fail(ChannelHandlerContext ctx, Reason reason, String what) {
        if (!isUnderWay()) {
            return;
        }
        String message = remark().isEmpty() ? what : what + "; " + remark();
        LOGGER.debug("refused {}: {}: {}", ctx.channel(), reason, message);
        giveUp(message);
        try {
            ctx.fireUserEventTriggered(new ExternalEvent.Failed(reason, message));
        } finally {
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void giveUp(String message) {
        state = State.FAILED;
        cause = new IOException("not authenticated: " + message);
        for (Held each = held.poll(); each != null; each = held.poll()) {
            ReferenceCountUtil.release(each.owned);
        }
        if (writes != null) {
            writes.removeAndFailAll(cause);
        }
    }

    @Override
    public final void channelActive(ChannelHandlerContext ctx) {
        keptActive = true;
        passOrHold(null, () -> {
            keptActive = false;
            ctx.fireChannelActive();
        });
        start(ctx);
    }

    @Override
    public final void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (state == State.NEW) {
            start(ctx);
        }
        if (state != State.TALKING) {
            passOrHold(msg, () -> ctx.fireChannelRead(msg));
        } else if (msg instanceof ByteBuf bytes) {
            talk(ctx, bytes);
        } else {
            ReferenceCountUtil.release(msg);
            fail(
                    ctx,
                    Reason.MISPLACED,
                    "bytes are awaited, and a " + msg.getClass().getName()
                            + " was read: add the handler in front of decoders");
        }
    }

    private void talk(ChannelHandlerContext ctx, ByteBuf bytes) {
        if (bytes.isReadable()) {
            takePreamble(ctx, bytes);
        }
        while (state == State.TALKING && bytes.isReadable()) {
            String line = lines.next(bytes);
            if (line != null) {
                heard(ctx, line);
            } else if (lines.isTooLong()) {
                fail(ctx, Reason.PROTOCOL, "the peer's line is too long");
            }
        }
        ctx.flush();
        if (state == State.DONE) {
            passOn(ctx, bytes);
        } else {
            bytes.release();
        }
    }

    /** Lets pass what was held, and then what came behind the last line, and leaves. */
    private void passOn(ChannelHandlerContext ctx, ByteBuf rest) {
        boolean nothingCame = !rest.isReadable();
        if (nothingCame) {
            rest.release();
        } else {
            held.add(new Held(rest, () -> ctx.fireChannelRead(rest)));
        }
        if (writes != null) {
            writes.removeAndWriteAll(); // also what its listeners write
        }
        state = State.PASSING;
        for (Held each = held.poll(); each != null; each = held.poll()) {
            each.pass.run();
        }
        state = State.OPEN;
        if (flushAsked) {
            ctx.flush();
        }
        if (readAsked && nothingCame && !ctx.channel().config().isAutoRead()) {
            ctx.read(); // the one that was asked for brought what was ours
        }
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    @Override
    public final void channelReadComplete(ChannelHandlerContext ctx) {
        if (state == State.OPEN) {
            ctx.fireChannelReadComplete();
        } else if (state == State.TALKING && !ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
    }

    @Override
    public final void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof PeerCredentialsEvent.Refused || state == State.OPEN) {
            ctx.fireUserEventTriggered(evt); // the former of a handler in front, which closes
        } else {
            passOrHold(evt, () -> ctx.fireUserEventTriggered(evt));
            if (evt instanceof ChannelInputShutdownEvent) {
                fail(ctx, Reason.CLOSED, "the stream ended");
            }
        }
    }

    private void passOrHold(@Nullable Object owned, Runnable pass) {
        if (state == State.OPEN) {
            pass.run();
        } else if (state == State.FAILED) {
            ReferenceCountUtil.release(owned);
        } else {
            held.add(new Held(owned, pass));
        }
    }

    @Override
    public final void channelInactive(ChannelHandlerContext ctx) {
        fail(ctx, Reason.CLOSED, "the channel was closed");
        if (!keptActive) {
            ctx.fireChannelInactive();
        }
    }

    @Override
    public final void read(ChannelHandlerContext ctx) {
        readAsked = true;
        ctx.read();
    }

    @Override
    public final void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
        if (state == State.FAILED) {
            ReferenceCountUtil.release(msg);
            promise.tryFailure(Objects.requireNonNull(cause));
        } else if (isUnderWay() || state == State.DONE) {
            if (writes == null) {
                writes = new PendingWriteQueue(ctx);
            }
            writes.add(msg, promise);
        } else {
            ctx.write(msg, promise);
        }
    }

    @Override
    public final void flush(ChannelHandlerContext ctx) {
        if (state == State.OPEN) {
            ctx.flush();
        } else {
            flushAsked = true;
        }
    }

    @Override
    public final void deregister(ChannelHandlerContext ctx, ChannelPromise promise) {
        fail(ctx, Reason.MISPLACED, "the channel left its event loop before the authentication was done");
        ctx.deregister(promise);
    }
}
