// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What both sides of a go-on handshake have in common: to say one message, to hear another, and to hold all else meanwhile. */
abstract sealed class GoOnHandler extends ChannelDuplexHandler permits GoOnServerHandler, GoOnClientHandler {
    static final Absence TOO_EARLY =
            new Absence(AbsenceReason.TOO_EARLY, "the peer sent bytes before it was told to go on");

    private enum State {
        /** The channel was not active so far. */
        NEW,
        /** The peer's message is awaited. */
        AWAITING,
        /** It has come, and ours is on its way. */
        SAYING,
        /** The handshake is done, and what was held passes. */
        PASSING,
        /** The handshake is done, and what was read with the peer's message waits until somebody asks for it. */
        KEEPING,
        /** Everything passes. */
        OPEN,
        /** The handshake has failed: nothing passes. */
        FAILED
    }

    private final GoOn goOn;
    private final byte[] toSay;
    private final byte[] toHear;
    private final HeldEvents events = new HeldEvents();

    private State state = State.NEW;
    private int heard;
    private @Nullable HeldWrites writes;
    private @Nullable Future<?> timer;
    private @Nullable Throwable cause; // of FAILED
    private boolean readAsked;
    /** Whether the handlers behind have not heard of an activity whose end they must then not hear of either. */
    private boolean keptActive;

    GoOnHandler(GoOn goOn, byte[] toSay, byte[] toHear) {
        this.goOn = goOn;
        this.toSay = toSay;
        this.toHear = toHear;
    }

    /** Begins the handshake on an active channel: either {@link #await} or {@link #refuse}. */
    abstract void begin(ChannelHandlerContext ctx);

    /** The peer's message has come. */
    abstract void heard(ChannelHandlerContext ctx);

    /** Whether bytes may come before the handshake has begun. */
    abstract boolean mayHearBeforeBegin();

    /** Whether a handshake is to be done by a handler in front of this one. */
    static boolean isAwaitedBefore(ChannelHandlerContext ctx) {
        if (ctx.pipeline().get(GoOnHandler.class) == null) {
            return false; // without the list that a pipeline makes to be gone through
        }
        for (Map.Entry<String, ChannelHandler> each : ctx.pipeline()) {
            if (each.getValue() == ctx.handler()) {
                return false;
            }
            if (each.getValue() instanceof GoOnHandler before && before.isAwaited()) {
                return true;
            }
        }
        return false;
    }

    private boolean isAwaited() {
        return state == State.NEW || state == State.AWAITING || state == State.SAYING;
    }

    final boolean isSilent() {
        return goOn.message().length == 0;
    }

    @Override
    public final void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            try {
                ctx.executor().execute(() -> start(ctx)); // the handlers behind are not there yet
            } catch (RejectedExecutionException e) {
                Log.debug("the event loop is shut down: nothing passes", e);
            }
        }
    }

    @Override
    public final void handlerRemoved(ChannelHandlerContext ctx) {
        if (isAwaited() || state == State.KEEPING) {
            Log.debug("{}: closing {}", "the go-on handler was removed before the handshake was done", ctx.channel());
            giveUp(new ClosedChannelException());
            ctx.close();
        }
    }

    private void start(ChannelHandlerContext ctx) {
        if (state != State.NEW || ctx.isRemoved() || !ctx.channel().isActive()) {
            return;
        }
        if (ctx.executor() != ctx.channel().eventLoop()) {
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.FOREIGN_EXECUTOR,
                            "the go-on handshake runs on the channel's event loop: add its handler without an executor"));
        } else if (isBehindFirstRead(ctx)) {
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.FAILED,
                            "add the go-on handler in front of the handler that captures the first read or every read"));
        } else {
            startDeadline(ctx);
            begin(ctx);
        }
    }

    private static boolean isBehindFirstRead(ChannelHandlerContext ctx) {
        for (Map.Entry<String, ChannelHandler> each : ctx.pipeline()) {
            if (each.getValue() == ctx.handler()) {
                return false;
            }
            if (each.getValue() instanceof EveryReadHandler
                    || (each.getValue() instanceof PeerCredentialsHandler before && before.isWaiting())) {
                return true;
            }
        }
        return false;
    }

    private void startDeadline(ChannelHandlerContext ctx) {
        if (goOn.deadline() != null) {
            timer = ctx.executor()
                    .schedule(() -> passDeadline(ctx), goOn.deadline().toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void passDeadline(ChannelHandlerContext ctx) {
        if (isAwaited()) {
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.TIMED_OUT,
                            state == State.SAYING
                                    ? "the go-on handshake could not be sent within " + goOn.deadline()
                                    : "the peer did not go on within " + goOn.deadline()));
        }
    }

    /** Awaits the peer's message from now on. */
    final void await(ChannelHandlerContext ctx) {
        state = State.AWAITING;
        if (toHear.length == 0) {
            hear(ctx, Unpooled.EMPTY_BUFFER);
        } else if (!ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
    }

    /** Sends our message. Should that fail, so does the handshake. */
    final ChannelFuture say(ChannelHandlerContext ctx) {
        return ctx.writeAndFlush(Unpooled.wrappedBuffer(toSay)).addListener(said -> {
            if (!said.isSuccess() && isAwaited()) {
                ctx.fireExceptionCaught(said.cause());
                refuse(
                        ctx,
                        new Absence(
                                AbsenceReason.FAILED,
                                "our message of the go-on handshake was not sent: " + said.cause()));
            }
        });
    }

    /** All of the peer's message is there, and the rest of the same read, which is taken over. */
    private void hear(ChannelHandlerContext ctx, ByteBuf rest) {
        state = State.SAYING;
        // Who sent it is settled here, while the looks at the reads that it came with are remembered.
        for (ChannelHandler each : List.copyOf(ctx.pipeline().toMap().values())) {
            ChannelHandlerContext other = ctx.pipeline().context(each);
            if (toHear.length > 0
                    && other != null
                    && other.executor() == ctx.executor()
                    && !firstBytesTaken(other, rest.readableBytes())) {
                rest.release();
                giveUp(new ClosedChannelException()); // it has said why, and closed the channel
                return;
            }
        }
        if (rest.isReadable()) {
            passOrHoldRead(ctx, rest);
        } else {
            rest.release();
        }
        if (state == State.SAYING) {
            heard(ctx);
        }
    }

    private static boolean firstBytesTaken(ChannelHandlerContext other, int rest) {
        if (other.handler() instanceof PeerCredentialsHandler capturing) {
            return capturing.firstBytesTaken(other);
        }
        return !(other.handler() instanceof EveryReadHandler reading) || reading.firstBytesTaken(other, rest);
    }

    /** The handshake is done: lets what was held pass, and leaves. */
    final void finish(ChannelHandlerContext ctx) {
        if (state != State.SAYING) {
            return;
        }
        state = State.PASSING;
        stopDeadline();
        if (writes != null) {
            writes.passOn(ctx);
        }
        boolean nothingHeld = events.isEmpty();
        if (!events.playUntilRead(() -> readAsked || ctx.channel().config().isAutoRead())) {
            state = State.KEEPING;
            return;
        }
        open(ctx, readAsked && nothingHeld);
    }

    /** Passes what was kept, to those who have asked for it. */
    private void passKept(ChannelHandlerContext ctx) {
        state = State.PASSING;
        events.play();
        open(ctx, false);
        ctx.fireChannelReadComplete();
    }

    private void open(ChannelHandlerContext ctx, boolean readAgain) {
        state = State.OPEN;
        if (readAgain && !ctx.channel().config().isAutoRead()) {
            ctx.read(); // the one that was asked for brought what the handshake took
        }
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    /** Refuses the peer, with one event, and closes. */
    final void refuse(ChannelHandlerContext ctx, Absence absence) {
        if (!isAwaited()) {
            return;
        }
        Log.debug("refused {}: {}", ctx.channel(), absence);
        StoredResult.storeRead(ctx.channel(), absence);
        state = State.FAILED;
        try {
            ctx.fireUserEventTriggered(new PeerCredentialsEvent.Refused(absence));
        } finally { // the next handler's executor may be shut down, and then the event throws
            giveUp(new AbsentException(absence));
            ctx.close();
        }
    }

    private void giveUp(Throwable failure) {
        state = State.FAILED;
        cause = failure;
        stopDeadline();
        events.release();
        if (writes != null) {
            writes.failAll(failure);
        }
    }

    private void stopDeadline() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
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
            if (mayHearBeforeBegin()) {
                start(ctx);
            } else {
                refuse(ctx, TOO_EARLY);
            }
        }
        if (state != State.AWAITING) {
            passOrHoldRead(ctx, msg);
        } else if (!(msg instanceof ByteBuf bytes)) {
            HeldEvents.discard(msg);
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.WRONG_MESSAGE,
                            "the go-on handshake is of bytes, and a "
                                    + msg.getClass().getName() + " was read: add its handler in front of decoders"));
        } else if (!isAsAgreed(bytes)) {
            bytes.release();
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.WRONG_MESSAGE,
                            "byte " + (heard + 1) + " of the peer's message in the go-on handshake is not as agreed"));
        } else if (heard == toHear.length) {
            hear(ctx, bytes);
        } else {
            bytes.release();
        }
    }

    /** Takes what is there of the peer's message. */
    private boolean isAsAgreed(ByteBuf bytes) {
        for (; heard < toHear.length && bytes.isReadable(); heard++) {
            if (bytes.readByte() != toHear[heard]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public final void channelReadComplete(ChannelHandlerContext ctx) {
        if (state == State.OPEN || state == State.PASSING) {
            ctx.fireChannelReadComplete();
        } else if (state == State.AWAITING && !ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
    }

    @Override
    public final void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof PeerCredentialsEvent.Refused) {
            ctx.fireUserEventTriggered(evt); // of a handler in front, which closes
            return;
        }
        passOrHold(evt, () -> ctx.fireUserEventTriggered(evt));
        if (evt instanceof ChannelInputShutdownEvent && state == State.AWAITING) {
            refuse(ctx, ended());
        }
    }

    private void passOrHoldRead(ChannelHandlerContext ctx, Object msg) {
        if (state == State.OPEN || state == State.FAILED || !(msg instanceof ByteBuf bytes)) {
            passOrHold(msg, () -> ctx.fireChannelRead(msg));
        } else {
            HeldRead held = HeldRead.of(ctx, bytes);
            events.add(held, () -> held.pass(ctx));
        }
    }

    private void passOrHold(@Nullable Object owned, Runnable pass) {
        if (state == State.OPEN) {
            pass.run();
        } else if (state == State.FAILED) {
            HeldEvents.discard(owned);
        } else {
            events.add(owned, pass);
        }
    }

    private Absence ended() {
        return new Absence(
                AbsenceReason.NO_DATA,
                "the stream ended " + (heard == 0 ? "before" : "within") + " the peer's message");
    }

    @Override
    public final void channelInactive(ChannelHandlerContext ctx) {
        if (isAwaited()) {
            refuse(
                    ctx,
                    state == State.AWAITING
                            ? ended()
                            : new Absence(
                                    AbsenceReason.CLOSED,
                                    "the channel was closed before the go-on handshake was done"));
        }
        if (state == State.KEEPING) {
            events.release();
        }
        if (!keptActive) {
            ctx.fireChannelInactive();
        }
    }

    @Override
    public final void read(ChannelHandlerContext ctx) {
        readAsked = true;
        if (state == State.KEEPING) {
            passKept(ctx);
        } else {
            ctx.read();
        }
    }

    @Override
    public final void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
        if (state == State.FAILED) {
            ReferenceCountUtil.release(msg);
            promise.tryFailure(cause == null ? new ClosedChannelException() : cause);
        } else if (isHolding()) {
            if (writes == null) {
                writes = new HeldWrites(ctx);
            }
            writes.add(msg, promise);
        } else {
            ctx.write(msg, promise);
        }
    }

    @Override
    public final void flush(ChannelHandlerContext ctx) {
        if (!isHolding()) {
            ctx.flush();
        } else if (writes != null) {
            writes.flush();
        }
    }

    private boolean isHolding() {
        return isAwaited() || (state == State.PASSING && writes != null && !writes.isEmpty());
    }

    @Override
    public final void deregister(ChannelHandlerContext ctx, ChannelPromise promise) {
        refuse(
                ctx,
                new Absence(
                        AbsenceReason.FAILED, "the channel left its event loop before the go-on handshake was done"));
        ctx.deregister(promise);
    }
}
