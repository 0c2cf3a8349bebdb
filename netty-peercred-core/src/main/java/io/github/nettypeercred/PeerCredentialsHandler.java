// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.OrderedEventExecutor;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Captures who is on the other end of a Unix domain socket, stores it on the channel, announces it to the handlers behind
 * it, and leaves the pipeline.
 *
 * <p>Add it before every handler that must not hear from an unknown peer, commonly first:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new PeerCredentialsHandler());
 * channel.pipeline().addLast(new MyIpcHandler()); // calls UnixPeerCredentials.of(ctx.channel())
 * }</pre>
 *
 * <p>It captures when the channel becomes active, or when it is added to a channel that is active already. It stores the
 * result, fires one {@link PeerCredentialsEvent}, only then passes {@code channelActive} on, and removes itself. Until then
 * no message passes it.
 *
 * <p>{@link Builder#firstRead()} has it capture who sends the first bytes instead, and {@link Builder#connectAndFirstRead()}
 * both: then the handlers behind hear {@code channelActive} at once, the first message waits for its sender to be known, and
 * this handler leaves after that.
 *
 * <p><strong>If the peer cannot be known</strong> (no Unix socket, no peer, no native library, a message ahead of the
 * capture) it fires {@link PeerCredentialsEvent.Refused}, releases whatever still comes in and closes the channel;
 * {@link Builder#admitAbsent()} lets such a peer through instead.
 *
 * <p>Not sharable: an instance belongs to one channel. It may be added with an {@link
 * io.netty.util.concurrent.EventExecutorGroup} of its own, whose executors keep order: it then asks on the channel's event
 * loop, holds events, messages and reads until the answer is there, and stays in the pipeline, passing everything on.
 */
public final class PeerCredentialsHandler extends ChannelDuplexHandler {
    /** What is no lack of knowledge, but a way in past the capture. */
    private static final Set<AbsenceReason> ALWAYS_REFUSED =
            Set.of(AbsenceReason.RACED, AbsenceReason.ADDED_LATE, AbsenceReason.TIMED_OUT, AbsenceReason.DIFFERING);

    private enum State {
        /** No capture yet: the channel was not active so far. */
        NEW,
        /** The capture runs on the event loop and this handler elsewhere: what comes meanwhile is held. */
        ASKING,
        /** The result is there and stored; the handlers behind have not been told. */
        ANSWERED,
        /** They have been told, and everything passes. */
        OPEN,
        /** The peer is not known: nothing passes any more. */
        REFUSED
    }

    private final CaptureRequest request;
    private final boolean admitAbsent;
    private final boolean connect;
    private final @Nullable FirstRead firstRead;
    private final boolean refuseDescriptors;

    private State state = State.NEW;
    private @Nullable PeerCredentialsResult result;
    private @Nullable HeldEvents held; // made when asking elsewhere, which few handlers do
    private boolean sawConnect;
    private boolean socketFailed;
    /** Whether the handlers behind have not heard of an activity whose end they must then not hear of either. */
    private boolean keptActive;

    /** Makes a handler that captures user, group and process id, by one system call, and refuses a peer without. */
    public PeerCredentialsHandler() {
        this(CaptureRequest.IDS_ONLY, false, true, null, false);
    }

    private PeerCredentialsHandler(
            CaptureRequest request,
            boolean admitAbsent,
            boolean connect,
            @Nullable FirstRead firstRead,
            boolean refuseDescriptors) {
        this.request = request;
        this.admitAbsent = admitAbsent;
        this.connect = connect;
        this.firstRead = firstRead;
        this.refuseDescriptors = refuseDescriptors;
    }

    /**
     * Returns a builder, for handlers that ask for more or refuse less than the default.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Builds handlers with options. Once set up, one builder may be kept and {@link #build()} called for every channel,
     * from any thread.
     */
    public static final class Builder {
        private boolean groups;
        private boolean label;
        private boolean process;
        private boolean admitAbsent;
        private boolean connect = true;
        private boolean firstRead;
        private boolean senderLabel;
        private boolean senderProcess;
        private boolean refuseDiffering;
        private boolean refuseDescriptors;
        private @Nullable Duration deadline = Deadline.DEFAULT;

        private Builder() {}

        /**
         * Also captures the supplementary groups (SO_PEERGROUPS, Linux 4.13): one more system call.
         *
         * @return this builder
         */
        public Builder groups() {
            groups = true;
            return this;
        }

        /**
         * Also captures the label of the Linux security module (SO_PEERSEC): one more system call.
         *
         * @return this builder
         */
        public Builder label() {
            label = true;
            return this;
        }

        /**
         * Also captures a handle of the process (SO_PEERPIDFD, Linux 6.5): one more system call, and one descriptor that
         * stays open as long as the channel.
         *
         * @return this builder
         */
        public Builder process() {
            process = true;
            return this;
        }

        /**
         * Lets a peer through whose credentials are absent, in place of closing the channel. Handlers behind then get
         * {@link PeerCredentialsEvent.Admitted}, and must decide by themselves what an unknown peer may do. A message
         * ahead of the capture is refused all the same.
         *
         * @return this builder
         */
        public Builder admitAbsent() {
            admitAbsent = true;
            return this;
        }

        /**
         * Captures who sent the first bytes that are read, in place of who connected, with Netty 4.2: SO_PASSCRED on Linux,
         * LOCAL_CREDS_PERSISTENT on FreeBSD, LOCAL_CREDS on NetBSD; elsewhere the channel is refused. It speaks of the first read
         * alone, not of the stream, on NetBSD of its first byte. On Linux the ids are the sender's choice among its own.
         *
         * <p>No handler in front may keep bytes of one read for the message of another, as decoders do: a message with bytes of
         * two senders is refused as {@link AbsenceReason#RACED}.
         *
         * <p>All but messages passes at once, so the handlers behind may greet a peer who is not known yet. The first message
         * waits for {@link PeerCredentialsEvent}. Where it cannot work, the channel is refused with a reason that
         * names the option to change. A stream that ends before its first byte is refused as {@link AbsenceReason#NO_DATA}.
         *
         * @return this builder
         */
        public Builder firstRead() {
            firstRead = true;
            connect = false;
            return this;
        }

        /**
         * Captures who connected and, as {@link #firstRead()} does, who sent the first bytes: two results and two events,
         * told apart by their {@linkplain UnixPeerCredentials#source() source}. Groups are the former's alone; {@link #label()} and
         * {@link #process()} are the former's, {@link #senderLabel()} and {@link #senderProcess()} the latter's.
         *
         * @return this builder
         */
        public Builder connectAndFirstRead() {
            firstRead = true;
            connect = true;
            return this;
        }

        /**
         * Also captures the security label of who sent the first bytes (SO_PASSSEC and SCM_SECURITY, on streams Linux 4.2). For {@link
         * #firstRead()} and {@link #connectAndFirstRead()}.
         *
         * @return this builder
         */
        public Builder senderLabel() {
            senderLabel = true;
            return this;
        }

        /**
         * Also captures a handle of the process that sent the first bytes (SO_PASSPIDFD and SCM_PIDFD, Linux 6.5): one descriptor that
         * stays open as long as the channel. It is the process that the pid names, so a sender with CAP_SYS_ADMIN may point it
         * elsewhere. For {@link #firstRead()} and {@link #connectAndFirstRead()}.
         *
         * @return this builder
         */
        public Builder senderProcess() {
            senderProcess = true;
            return this;
        }

        /**
         * Has the kernel answer a peer that passes descriptors on this channel with EPERM (SO_PASSRIGHTS, Linux 6.16). On older
         * kernels it does nothing: there, as before this handler is added, passed descriptors reach this process, and are closed
         * as they are read, unless the channel reads descriptors.
         *
         * @return this builder
         */
        public Builder refuseDescriptors() {
            refuseDescriptors = true;
            return this;
        }

        /**
         * Refuses a peer whose uid, gid or pid differ between connect and first read: a process that has changed its ids, a
         * socket that was passed on, root that names another. The event's {@link AbsenceReason#DIFFERING} says which.
         * A process that connects and lets a child of its write is refused too. For {@link #connectAndFirstRead()} alone.
         *
         * @return this builder
         */
        public Builder refuseDiffering() {
            refuseDiffering = true;
            return this;
        }

        /**
         * Refuses a peer of whom nothing has been read for so long since the channel became active, {@link
         * AbsenceReason#TIMED_OUT}, also if that is because nobody called {@code read()}. 30 seconds unless called.
         *
         * @param newDeadline more than zero, less than 292 years
         * @return this builder
         */
        public Builder deadline(Duration newDeadline) {
            deadline = Deadline.checked(newDeadline);
            return this;
        }

        /**
         * Waits for the first read for ever. A silent peer then keeps its connection.
         *
         * @return this builder
         */
        public Builder noDeadline() {
            deadline = null;
            return this;
        }

        /**
         * Makes a handler for one channel.
         *
         * @return a new handler
         * @throws IllegalStateException if options contradict each other
         */
        public PeerCredentialsHandler build() {
            if (!connect && (groups || label || process)) {
                throw new IllegalStateException(
                        "groups, label and process are those of connect: call connectAndFirstRead() in place of firstRead(),"
                                + " or senderLabel() and senderProcess()");
            }
            if (!firstRead && (senderLabel || senderProcess)) {
                throw new IllegalStateException(
                        "senderLabel() and senderProcess() are of who sends: call firstRead() or connectAndFirstRead()");
            }
            if (refuseDiffering && !(connect && firstRead)) {
                throw new IllegalStateException("refuseDiffering() compares what connectAndFirstRead() captures");
            }
            if (refuseDiffering && admitAbsent) {
                throw new IllegalStateException("refuseDiffering() has to know both, and admitAbsent() neither");
            }
            return new PeerCredentialsHandler(
                    new CaptureRequest(groups, label, process),
                    admitAbsent,
                    connect,
                    firstRead
                            ? new FirstRead(
                                    new CaptureRequest(false, senderLabel, senderProcess), deadline, refuseDiffering)
                            : null,
                    refuseDescriptors);
        }
    }

    /**
     * Returns whether this handler captures who sends the first bytes, so that an event of that is to come.
     *
     * @return whether it was built with {@link Builder#firstRead()} or {@link Builder#connectAndFirstRead()}
     */
    public boolean capturesFirstRead() {
        return firstRead != null;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.executor().inEventLoop() || !(ctx.executor() instanceof OrderedEventExecutor)) {
            start(ctx);
            return;
        }
        try {
            // Registered with another event loop since the handler was added, so this thread is no longer the
            // channel's.
            ctx.executor().execute(() -> start(ctx));
        } catch (RejectedExecutionException e) {
            Log.debug("the executor is shut down: no message passes", e);
        }
    }

    private void start(ChannelHandlerContext ctx) {
        if (refuseDescriptors && !ctx.isRemoved()) {
            Transports.refuseDescriptors(ctx.channel());
        }
        if (firstRead != null && state == State.NEW && !ctx.isRemoved()) {
            firstRead.begin(ctx); // before it is active, since what is sent before has no sender
        }
        boolean isAfterGoOn = isOnEventLoop(ctx) && GoOnHandler.isAwaitedBefore(ctx);
        if (state == State.NEW && !ctx.isRemoved() && ctx.channel().isActive() && !isAfterGoOn) {
            ask(ctx);
            announceLater(ctx);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        boolean waiting = isWaiting();
        if (firstRead != null) {
            firstRead.end();
        }
        if (waiting || state == State.ASKING || (state == State.ANSWERED && refuses())) {
            Log.debug("{}: closing {}", "the handler was removed before the peer was known", ctx.channel());
            state = State.REFUSED;
            if (held != null) {
                held.release();
            }
            ctx.close();
        }
    }

    @Override
    public void connect(
            ChannelHandlerContext ctx,
            SocketAddress remoteAddress,
            SocketAddress localAddress,
            ChannelPromise promise) {
        sawConnect = true;
        ctx.connect(remoteAddress, localAddress, promise);
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        if (state == State.ASKING) {
            hold(null, () -> read(ctx));
        } else if (state != State.REFUSED) {
            ctx.read();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        keptActive = true;
        if (state == State.NEW) {
            ask(ctx);
        }
        if (state == State.ASKING) {
            hold(null, () -> channelActive(ctx));
            return;
        }
        if (passes(ctx)) {
            keptActive = false;
            ctx.fireChannelActive();
            leave(ctx);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (state == State.NEW) {
            keptActive = true; // should it still come
            answerInstead(
                    ctx,
                    new Absence(
                            AbsenceReason.RACED,
                            "a message came ahead of the capture: add the handler before the channel reads"));
        }
        if (state == State.ASKING) {
            hold(msg, () -> channelRead(ctx, msg));
            return;
        }
        // With credentials in front of it, Netty on io_uring takes those for the descriptor: it is nobody's to close.
        boolean bogus = isWaiting() && msg instanceof FileDescriptor;
        if (passes(ctx) && isSentBySomeone(ctx, msg)) {
            ctx.fireChannelRead(msg);
            leave(ctx);
        } else if (!bogus) {
            HeldEvents.discard(msg);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (state == State.ASKING) {
            hold(null, () -> channelReadComplete(ctx));
        } else if (passes(ctx) && !failed(ctx)) {
            ctx.fireChannelReadComplete();
            leave(ctx);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (state == State.ASKING) {
            hold(evt, () -> userEventTriggered(ctx, evt));
        } else if (passes(ctx) && !failed(ctx)) {
            if (evt instanceof ChannelInputShutdownEvent && isWaiting()) {
                settle(ctx, Objects.requireNonNull(firstRead).endOfInput(false));
            }
            ctx.fireUserEventTriggered(evt);
            leave(ctx);
        } else {
            ReferenceCountUtil.release(evt);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (state == State.ASKING) {
            hold(null, () -> channelWritabilityChanged(ctx));
        } else if (passes(ctx)) {
            ctx.fireChannelWritabilityChanged();
            leave(ctx);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (state == State.ASKING) {
            hold(null, () -> exceptionCaught(ctx, cause));
        } else if (passes(ctx)) {
            ctx.fireExceptionCaught(cause);
            leave(ctx);
        } else {
            Log.debug("on a refused channel", cause);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (state == State.ASKING) {
            // The channel was closed before the event loop came to capture, and the answer would come when the
            // pipeline is gone. It is known here: what an accept handler captured, or that the channel is closed.
            answerHeld(ctx, capture(ctx.channel()));
        }
        passes(ctx);
        if (!failed(ctx) && isWaiting()) {
            settle(ctx, Objects.requireNonNull(firstRead).endOfInput(true));
        }
        if (!keptActive) {
            ctx.fireChannelInactive();
        }
    }

    /** Whether events go through; tells the handlers behind of the result first, if there is one and they have not heard. */
    private boolean passes(ChannelHandlerContext ctx) {
        if (state == State.ANSWERED) {
            announce(ctx);
        }
        return state == State.NEW || state == State.OPEN;
    }

    boolean isWaiting() {
        return firstRead != null && firstRead.isWaiting();
    }

    /**
     * A go-on handshake in front has taken the first bytes out of the stream: who sent them is announced before anything passes.
     *
     * @return whether everything may
     */
    boolean firstBytesTaken(ChannelHandlerContext ctx) {
        if (state == State.NEW) {
            ask(ctx);
        }
        boolean passes = passes(ctx) && isSentBySomeone(ctx, Unpooled.EMPTY_BUFFER);
        leave(ctx);
        return passes;
    }

    /** Whether a message may go on: if it is the first read that was waited for, only with its sender. */
    private boolean isSentBySomeone(ChannelHandlerContext ctx, Object msg) {
        if (firstRead != null && firstRead.isWaiting() && !failed(ctx)) {
            settle(ctx, firstRead.senderOf(msg, ctx.channel()));
        }
        return state == State.OPEN;
    }

    /** Whether the wait for the first read has met an error of the socket, of which it then tells. */
    private boolean failed(ChannelHandlerContext ctx) {
        Absence error = firstRead == null ? null : firstRead.socketError();
        if (error == null) {
            return false;
        }
        socketFailed = true;
        settle(ctx, error); // first, so that what the exception sets off finds the wait at its end
        ctx.fireExceptionCaught(new IOException(error.toString()));
        return true;
    }

    /** Ends the wait for the first read with an answer. */
    private void settle(ChannelHandlerContext ctx, PeerCredentialsResult captured) {
        storeFirstRead(ctx.channel(), captured);
        answer(captured);
        announce(ctx);
    }

    private void storeFirstRead(Channel channel, PeerCredentialsResult captured) {
        Objects.requireNonNull(firstRead).end();
        if (captured instanceof UnixPeerCredentials sender
                && sender.process().value().isPresent()) {
            channel.closeFuture().addListener(closed -> MessageTime.discard(sender));
        }
        StoredResult.storeRead(channel, captured);
    }

    private void timeOut(ChannelHandlerContext ctx) {
        if (firstRead != null && passes(ctx) && firstRead.isWaiting()) {
            settle(ctx, firstRead.timedOut());
        }
    }

    /** Captures, here if this is the channel's event loop, else over there. */
    private void ask(ChannelHandlerContext ctx) {
        if (firstRead != null) {
            firstRead.begin(ctx);
            firstRead.startDeadline(ctx, () -> timeOut(ctx));
        }
        if (firstRead != null && !connect) {
            Absence impossible = firstRead.impossible();
            if (impossible == null) {
                state = State.OPEN; // for all but the first read
            } else {
                storeFirstRead(ctx.channel(), impossible);
                answer(impossible);
            }
        } else if (!(ctx.executor() instanceof OrderedEventExecutor)) {
            answerInstead(
                    ctx,
                    new Absence(
                            AbsenceReason.FAILED,
                            "the handler was added with a "
                                    + ctx.executor().getClass().getName()
                                    + ", which keeps no order: use a DefaultEventExecutorGroup, or none"));
        } else if (isOnEventLoop(ctx)) {
            answer(capture(ctx.channel()));
        } else {
            state = State.ASKING;
            held = new HeldEvents();
            askOnEventLoop(ctx);
        }
    }

    private void askOnEventLoop(ChannelHandlerContext ctx) {
        Channel channel = ctx.channel();
        try {
            channel.eventLoop().execute(() -> {
                if (!channel.eventLoop().inEventLoop()) {
                    askOnEventLoop(ctx); // registered with another event loop since
                    return;
                }
                deliver(ctx, capture(channel));
            });
        } catch (RejectedExecutionException e) {
            Absence absence = new Absence(AbsenceReason.FAILED, "the channel's event loop is shut down");
            StoredResult.store(channel, absence);
            deliver(ctx, absence);
        }
    }

    private void deliver(ChannelHandlerContext ctx, PeerCredentialsResult captured) {
        try {
            ctx.executor().execute(() -> answerHeld(ctx, captured));
        } catch (RejectedExecutionException e) {
            Log.debug("the handler's executor is shut down: closing " + ctx.channel(), e);
            if (held != null) {
                held.abandon();
            }
            ctx.close();
        }
    }

    private PeerCredentialsResult capture(Channel channel) {
        ConnectTime moment = channel.parent() instanceof ServerChannel
                ? ConnectTime.CONNECT
                : sawConnect ? ConnectTime.LISTEN : ConnectTime.SETUP;
        return moment.capture(channel, request);
    }

    /** Answers without a capture. */
    private void answerInstead(ChannelHandlerContext ctx, Absence absence) {
        StoredResult.store(ctx.channel(), absence);
        answer(absence);
    }

    private void answer(PeerCredentialsResult captured) {
        result = captured;
        state = State.ANSWERED;
    }

    /** Takes the answer that came from the event loop, and plays what was held, in order. */
    private void answerHeld(ChannelHandlerContext ctx, PeerCredentialsResult captured) {
        if (state != State.ASKING) {
            return; // removed meanwhile
        }
        HeldEvents events = Objects.requireNonNull(held);
        answer(captured);
        try {
            announce(ctx);
            events.play();
        } catch (RejectedExecutionException e) {
            Log.debug("the next handler's executor is shut down: closing " + ctx.channel(), e);
            events.release();
            ctx.close();
        }
    }

    private void hold(@Nullable Object owned, Runnable play) {
        Objects.requireNonNull(held).add(owned, play);
    }

    /** For a handler added to an active channel: nothing may come for long, and the handlers behind want to know. */
    private void announceLater(ChannelHandlerContext ctx) {
        try {
            announcer(ctx).execute(() -> {
                if (!announcer(ctx).inEventLoop()) {
                    announceLater(ctx); // registered with another event loop since
                } else if (state == State.ANSWERED && !ctx.isRemoved()) {
                    announce(ctx);
                    leave(ctx);
                }
            });
        } catch (RejectedExecutionException e) {
            Log.debug("the executor is shut down: the result waits for the next event", e);
        }
    }

    private static EventExecutor announcer(ChannelHandlerContext ctx) {
        return ctx.executor() instanceof OrderedEventExecutor
                ? ctx.executor()
                : ctx.channel().eventLoop();
    }

    private boolean refuses() {
        return result instanceof Absence absence
                && (!admitAbsent || socketFailed || ALWAYS_REFUSED.contains(absence.reason()));
    }

    private void announce(ChannelHandlerContext ctx) {
        boolean refuse = refuses();
        state = refuse ? State.REFUSED : State.OPEN;
        try {
            if (result instanceof UnixPeerCredentials credentials) {
                ctx.fireUserEventTriggered(new PeerCredentialsEvent.Captured(credentials));
            } else if (result instanceof Absence absence) {
                ctx.fireUserEventTriggered(
                        refuse
                                ? new PeerCredentialsEvent.Refused(absence)
                                : new PeerCredentialsEvent.Admitted(absence));
            }
        } finally { // the next handler's executor may be shut down, and then the event throws
            if (refuse) {
                Log.debug("refused {}: {}", ctx.channel(), result);
                if (firstRead != null) {
                    firstRead.end();
                }
                ctx.close();
            }
        }
        if (!refuse && firstRead != null && firstRead.impossible() != null) {
            settle(ctx, Objects.requireNonNull(firstRead.impossible()));
        }
    }

    /**
     * Leaves the pipeline once everything passes. A handler with an executor of its own stays: what the event loop has
     * already handed to that executor would be overtaken by what comes after.
     */
    private void leave(ChannelHandlerContext ctx) {
        if (state == State.OPEN && !isWaiting() && !ctx.isRemoved() && isOnEventLoop(ctx)) {
            ctx.pipeline().remove(this);
        }
    }

    private static boolean isOnEventLoop(ChannelHandlerContext ctx) {
        return ctx.executor() == ctx.channel().eventLoop();
    }
}
