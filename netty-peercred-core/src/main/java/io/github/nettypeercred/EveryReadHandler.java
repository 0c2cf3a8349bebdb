// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Delivers what a stream brings together with who sent it: each read as {@link AttestedBytes}.
 *
 * <p>Add it first, or behind a {@link PeerCredentialsHandler} that captures at connect, and {@link
 * PeerCredentialsAcceptHandler.Builder#firstRead()} to the acceptor, so that what a client sends at once has its sender too:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new EveryReadHandler());
 * channel.pipeline().addLast(new MyIpcHandler()); // gets AttestedBytes, and asks each for its credentials()
 * }</pre>
 *
 * <p>The kernel attaches the sender's credentials (SO_PASSCRED on Linux, LOCAL_CREDS_PERSISTENT on FreeBSD; elsewhere the channel is
 * refused; with Netty 4.2) and ends each read where the sender changes. This handler looks at them right before each read, by one
 * recvmsg(2) that takes nothing, and by one more where a burst has been read empty. On Linux the ids are the {@linkplain
 * CredentialSource.Ids#SENDER_CHOSEN sender's choice} among its own.
 *
 * <p><strong>One sender is to send it all</strong>, unless {@link Builder#allowSenderChange()} says otherwise: the first read fires
 * {@link PeerCredentialsEvent.Captured}, and from then on {@link UnixPeerCredentials#of(io.netty.channel.Channel,
 * CredentialSource.Moment) UnixPeerCredentials.of(channel, EVERY_READ)} gives that sender. Bytes of any other uid, gid or pid, a child process of
 * the sender included, are discarded, {@link PeerCredentialsEvent.Refused} tells so ({@link AbsenceReason#DIFFERING}), and the
 * channel closes. So decoders behind may join the bytes of several reads: {@link Builder#plainBytes()} delivers them as they are.
 *
 * <p><strong>Where senders may change</strong>, nothing is stored on the channel: there is no "current sender", because a decoder that joins
 * bytes of two would lend one the rights of the other. Take the envelopes, or put an {@link AttestedDecoder} behind.
 *
 * <p>A read of which nobody knows the sender closes the channel in the same way. It looks on the event loop, so it must be added
 * without an executor; it must see what was read as it was read, so no handler in front may join, cut or hold back bytes. It stays in the
 * pipeline: when it is removed, the channel closes. With {@code DomainSocketReadMode.FILE_DESCRIPTORS} and with buffer rings of
 * io_uring it cannot work, and says so.
 *
 * <p>Descriptors are never delivered. Who passes some gets EPERM from now on (SO_PASSRIGHTS, Linux 6.16), unless {@link
 * Builder#admitDescriptors()} says otherwise. On older kernels, and of what was sent before, they are closed unread.
 *
 * <p>Not sharable: an instance belongs to one channel.
 */
public final class EveryReadHandler extends ChannelDuplexHandler {
    /** What is no lack of knowledge, but a way in past the look. */
    private static final Set<AbsenceReason> ALWAYS_REFUSED =
            Set.of(AbsenceReason.RACED, AbsenceReason.ADDED_LATE, AbsenceReason.TIMED_OUT, AbsenceReason.DIFFERING);

    private final CaptureRequest request;
    private final boolean admitAbsent;
    private final boolean admitDescriptors;
    private final boolean oneSender;
    private final boolean plainBytes;
    private final Deadline deadline;

    /** Null before it has begun, if it cannot, and when it has ended. */
    private @Nullable PeekingAllocator looks;

    private boolean begun;

    /** Why it cannot work, until the handlers behind have been told. */
    private @Nullable Absence untold;

    /** Why it cannot work, where that is admitted. */
    private @Nullable Absence unknown;

    /** Who sends it all, once the first read is there. */
    private @Nullable PeerCredentialsResult sender;

    private boolean refused;
    /** Whether the handlers behind have not heard of an activity whose end they must then not hear of either. */
    private boolean keptActive;

    /** Makes a handler that delivers envelopes of one sender, of whom it knows user, group and process id. */
    public EveryReadHandler() {
        this(builder());
    }

    private EveryReadHandler(Builder builder) {
        request = new CaptureRequest(false, builder.senderLabel, builder.senderProcess);
        admitAbsent = builder.admitAbsent;
        admitDescriptors = builder.admitDescriptors;
        oneSender = !builder.allowSenderChange;
        plainBytes = builder.plainBytes;
        deadline = new Deadline(builder.deadline);
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
     * Builds handlers with options. Once set up, one builder may be kept and {@link #build()} called for every channel, from
     * any thread.
     */
    public static final class Builder {
        private boolean allowSenderChange;
        private boolean plainBytes;
        private boolean admitAbsent;
        private boolean admitDescriptors;
        private boolean senderLabel;
        private boolean senderProcess;
        private @Nullable Duration deadline = Deadline.DEFAULT;

        private Builder() {}

        /**
         * Delivers the bytes of several senders, each in envelopes of their own, in place of closing the channel when the sender
         * changes.
         *
         * @return this builder
         */
        public Builder allowSenderChange() {
            allowSenderChange = true;
            return this;
        }

        /**
         * Delivers bytes without envelopes, for handlers that know of none. Their one sender is what {@code
         * UnixPeerCredentials.of(channel, EVERY_READ)} says. Excludes {@link #allowSenderChange()}.
         *
         * @return this builder
         */
        public Builder plainBytes() {
            plainBytes = true;
            return this;
        }

        /**
         * Delivers bytes of a sender that cannot be known, with an absence for credentials, in place of closing the channel. What is a way
         * past the look is refused all the same: a read without one, a handler that was added late, silence up to the deadline.
         *
         * @return this builder
         */
        public Builder admitAbsent() {
            admitAbsent = true;
            return this;
        }

        /**
         * Does not have the kernel refuse descriptors to those who send. They are closed unread, on the event loop, and a sender can
         * make that last: to close the last descriptor of a socket with {@code SO_LINGER} waits for as long as it says.
         *
         * @return this builder
         */
        public Builder admitDescriptors() {
            admitDescriptors = true;
            return this;
        }

        /**
         * Also captures the sender's security label (SO_PASSSEC and SCM_SECURITY, on streams Linux 4.2). A sender whose label changes is
         * another sender.
         *
         * @return this builder
         */
        public Builder senderLabel() {
            senderLabel = true;
            return this;
        }

        /**
         * Also captures a handle of the sender's process (SO_PASSPIDFD and SCM_PIDFD, Linux 6.5): one descriptor that stays open as
         * long as the channel or, with {@link #allowSenderChange()}, one for each envelope, which owns it. It is the process that the pid
         * names, so a sender with CAP_SYS_ADMIN may point it elsewhere.
         *
         * @return this builder
         */
        public Builder senderProcess() {
            senderProcess = true;
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
        public EveryReadHandler build() {
            if (plainBytes && allowSenderChange) {
                throw new IllegalStateException(
                        "plainBytes() do not say who sent them: put an AttestedDecoder behind in place of it");
            }
            return new EveryReadHandler(this);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.executor().inEventLoop() || ctx.executor() != ctx.channel().eventLoop()) {
            start(ctx);
            return;
        }
        try {
            // Registered with another event loop since the handler was added, so this thread is no longer the
            // channel's.
            ctx.executor().execute(() -> start(ctx));
        } catch (RejectedExecutionException e) {
            Log.debug("the event loop is shut down: no message passes", e);
        }
    }

    private void start(ChannelHandlerContext ctx) {
        if (begun || ctx.isRemoved()) {
            return;
        }
        begun = true;
        try {
            looks = PeekingAllocator.begin(ctx, request, MessageTime.EVERY_READ);
            if (!admitDescriptors) {
                Transports.refuseDescriptors(ctx.channel());
            }
        } catch (AbsentException e) {
            untold = e.absence();
            tellLater(ctx);
        }
        if (!oneSender) {
            StoredResult.storeRead(ctx.channel(), StoredResult.SENDERS_CHANGE);
        }
        if (ctx.channel().isActive()) {
            startDeadline(ctx);
        }
    }

    private void startDeadline(ChannelHandlerContext ctx) {
        if (looks != null) {
            deadline.start(ctx, () -> {
                if (!refused && looks != null) {
                    refuse(ctx, deadline.timedOut());
                }
            });
        }
    }

    /** Nothing may come for long on a channel that is active already, and the handlers behind want to know. */
    private void tellLater(ChannelHandlerContext ctx) {
        try {
            ctx.executor().execute(() -> {
                if (!ctx.isRemoved()) {
                    isOpen(ctx);
                }
            });
        } catch (RejectedExecutionException e) {
            Log.debug("the executor is shut down: the refusal waits for the next event", e);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        end();
        if (!refused && ctx.channel().isOpen()) {
            Log.debug("{}: closing {}", "the handler that knows who sends was removed", ctx.channel());
            refused = true;
            ctx.close();
        }
    }

    private void end() {
        deadline.end();
        if (looks != null) {
            looks.end();
            looks = null;
        }
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        if (!refused) {
            ctx.read();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        start(ctx);
        if (isOpen(ctx)) {
            startDeadline(ctx);
            ctx.fireChannelActive();
        } else {
            keptActive = true;
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        start(ctx);
        // With credentials in front of it, Netty on io_uring takes those for the descriptor: it is nobody's to close.
        boolean bogus = looks != null && msg instanceof FileDescriptor;
        PeerCredentialsResult from = goesOn(ctx) ? senderOf(ctx, msg) : null;
        if (from == null) {
            if (!bogus) {
                HeldEvents.discard(msg);
            }
        } else if (plainBytes) {
            ctx.fireChannelRead(msg);
        } else {
            SharedProcess process = oneSender ? null : SharedProcess.of(from);
            ctx.fireChannelRead(new AttestedBytes((ByteBuf) msg, from, process));
        }
    }

    /** Who sent a message; null if it must not go on, which the handlers behind have then been told. */
    private @Nullable PeerCredentialsResult senderOf(ChannelHandlerContext ctx, Object msg) {
        PeerCredentialsResult from = look(msg);
        if (from instanceof Absence absence && !isAdmitted(absence)) {
            refuse(ctx, absence);
            return null;
        }
        deadline.end();
        if (!oneSender) {
            return from;
        }
        if (sender == null) {
            settle(ctx, from);
        } else if (!sender.equals(from)) {
            MessageTime.discard(from);
            refuse(ctx, new Absence(AbsenceReason.DIFFERING, changed(sender, from)));
        }
        return refused ? null : sender;
    }

    /**
     * A go-on handshake in front has taken the first bytes out of the stream, and left so many of the last read: all of them must be of
     * one sender, who is the one that sends it all if senders may not change.
     *
     * @return whether the rest may pass
     */
    boolean firstBytesTaken(ChannelHandlerContext ctx, int rest) {
        start(ctx);
        if (!goesOn(ctx)) {
            return false;
        }
        PeerCredentialsResult from = unknown == null ? lookAtFirstBytes() : unknown;
        if (from instanceof Absence absence && !isAdmitted(absence)) {
            refuse(ctx, absence);
        } else if (oneSender && sender == null) {
            settle(ctx, from);
        }
        if (looks != null) {
            looks.leave(rest, oneSender);
        }
        return !refused;
    }

    private PeerCredentialsResult lookAtFirstBytes() {
        PeerCredentialsResult from = looks == null ? null : looks.peeked();
        return from == null || Objects.requireNonNull(looks).sawTwoSenders()
                ? raced("the answer of the go-on handshake is not of one sender whom a look before each read has seen")
                : from;
    }

    /** Takes what is known of the sender of bytes that a handler in front holds; null if nothing is. */
    @Nullable
    PeerCredentialsResult takeLook(ByteBuf bytes) {
        return looks == null ? null : looks.take(bytes.readableBytes());
    }

    /** Takes that back, right before the bytes come. */
    void putLookBack(ByteBuf bytes, @Nullable PeerCredentialsResult from) {
        if (looks == null) {
            MessageTime.discard(from);
        } else {
            looks.putBack(from, bytes.readableBytes());
        }
    }

    /** What the look at the read that brought a message says of it. */
    private PeerCredentialsResult look(Object msg) {
        if (msg instanceof FileDescriptor) {
            return new Absence(
                    AbsenceReason.FILE_DESCRIPTORS,
                    "the channel was set to read descriptors, which come without their sender");
        }
        if (!(msg instanceof ByteBuf bytes)) {
            return raced("a message came that is not what was read, but "
                    + msg.getClass().getName() + ": add the handler in front of those that decode");
        }
        if (unknown != null) {
            return unknown;
        }
        if (looks == null || !looks.hasLooked()) {
            return new Absence(
                    AbsenceReason.ADDED_LATE,
                    "the channel read with another allocator: add the handler before its first read, and set"
                            + " ChannelOption.RECVBUF_ALLOCATOR before the handler is added");
        }
        PeerCredentialsResult from = looks.take(bytes.readableBytes());
        if (from == null || (from instanceof Absence end && end.reason() == AbsenceReason.NO_DATA)) {
            return raced(
                    "bytes came that are not those of the one read that was looked at: no handler in front may join, cut or"
                            + " hold back bytes");
        }
        return from;
    }

    private static Absence raced(String message) {
        return new Absence(AbsenceReason.RACED, message);
    }

    private static String changed(PeerCredentialsResult before, PeerCredentialsResult now) {
        String differing = "";
        if (before instanceof UnixPeerCredentials first && now instanceof UnixPeerCredentials other) {
            differing = Differing.ids(first, "sent at first", other, "now");
        }
        return "the sender has changed: "
                + (differing.isEmpty() ? before + " sent at first, " + now + " now" : differing);
    }

    private boolean isAdmitted(Absence absence) {
        return admitAbsent && !ALWAYS_REFUSED.contains(absence.reason());
    }

    /** Stores who sends it all, and tells the handlers behind. */
    private void settle(ChannelHandlerContext ctx, PeerCredentialsResult first) {
        deadline.end();
        sender = first;
        StoredResult.storeRead(ctx.channel(), first);
        if (first instanceof UnixPeerCredentials credentials) {
            if (request.process()) {
                ctx.channel().closeFuture().addListener(closed -> MessageTime.discard(credentials));
                Objects.requireNonNull(looks).narrow(new CaptureRequest(false, request.label(), false));
            }
            ctx.fireUserEventTriggered(new PeerCredentialsEvent.Captured(credentials));
        } else if (first instanceof Absence absence) {
            ctx.fireUserEventTriggered(new PeerCredentialsEvent.Admitted(absence));
        }
    }

    private void refuse(ChannelHandlerContext ctx, Absence absence) {
        refused = true;
        if (oneSender && sender == null) {
            StoredResult.storeRead(ctx.channel(), absence);
        }
        end();
        try {
            ctx.fireUserEventTriggered(new PeerCredentialsEvent.Refused(absence));
        } finally { // the next handler's executor may be shut down, and then the event throws
            Log.debug("refused {}: {}", ctx.channel(), absence);
            ctx.close();
        }
    }

    /** Whether events go on; tells the handlers behind first that it cannot work, if so. */
    private boolean isOpen(ChannelHandlerContext ctx) {
        Absence impossible = untold;
        if (impossible != null) {
            untold = null;
            if (!isAdmitted(impossible)) {
                refuse(ctx, impossible);
            } else {
                unknown = impossible;
                if (oneSender) {
                    settle(ctx, impossible);
                }
            }
        }
        return !refused;
    }

    /** The same of what comes with reads, unless a look has met an error of the socket, of which it then tells. */
    private boolean goesOn(ChannelHandlerContext ctx) {
        if (!isOpen(ctx)) {
            return false;
        }
        Absence error = looks == null ? null : looks.socketError();
        if (error == null) {
            return true;
        }
        if (oneSender && sender == null) {
            refuse(ctx, error);
        }
        refused = true;
        end();
        try {
            ctx.fireExceptionCaught(new IOException(error.toString()));
        } finally {
            ctx.close();
        }
        return false;
    }

    /** Tells that nobody sent anything, where one sender is waited for. */
    private void endInput(ChannelHandlerContext ctx, boolean closed) {
        if (looks == null || !oneSender || sender != null) {
            return;
        }
        Absence absence = closed && !looks.sawEnd()
                ? new Absence(AbsenceReason.CLOSED, "the channel was closed before its first read")
                : new Absence(AbsenceReason.NO_DATA, "the stream ended before its first byte");
        if (isAdmitted(absence)) {
            settle(ctx, absence);
        } else {
            refuse(ctx, absence);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (goesOn(ctx)) {
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (goesOn(ctx) && evt instanceof ChannelInputShutdownEvent) {
            endInput(ctx, false);
            ctx.fireUserEventTriggered(evt);
        } else if (!refused) {
            ctx.fireUserEventTriggered(evt);
        } else {
            ReferenceCountUtil.release(evt);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (isOpen(ctx)) {
            ctx.fireChannelWritabilityChanged();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (isOpen(ctx)) {
            ctx.fireExceptionCaught(cause);
        } else {
            Log.debug("on a refused channel", cause);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (goesOn(ctx)) {
            endInput(ctx, true);
        }
        if (!keptActive) {
            ctx.fireChannelInactive();
        }
    }
}
