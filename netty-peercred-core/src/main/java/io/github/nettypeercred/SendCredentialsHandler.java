// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialsNotSentException.Reason;
import io.github.nettypeercred.spi.AttachedIds;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Attaches credentials to the first bytes that a Unix domain socket sends (sendmsg(2) with SCM_CREDENTIALS on Linux, with SCM_CREDS on
 * FreeBSD, whose kernel fills in the real and the effective ids; with Netty 4.2), and leaves the pipeline. A receiver sees them with
 * that control message; ours with {@link PeerCredentialsHandler.Builder#firstRead()}, also if it turned SO_PASSCRED on after they were
 * sent.
 *
 * <p>Add it first, nearest the socket, before the channel connects:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new SendCredentialsHandler(), new MyIpcHandler());
 * }</pre>
 *
 * <p>It holds writes and flushes, in order, until the channel is active and one is flushed that has a byte. What the socket takes of
 * that message by one system call has the credentials; the rest of it, and all after it, goes through Netty and has none attached, so
 * a receiver that asks is shown this process's real ids there. On a connected channel for datagrams they come with the first. Waits while the socket has no room, and for what was written
 * before it was added. A channel's server side may use it as well.
 *
 * <p><strong>If they cannot be attached</strong>, the write fails with a {@link CredentialsNotSentException}, and so does every
 * write behind it; nothing is sent without credentials ahead of them. The channel is then closed if {@link
 * io.netty.channel.ChannelConfig#isAutoClose()}, as at any failed write. A message that is no {@link ByteBuf} fails alone; empty
 * buffers succeed once flushed. What is held when the channel closes fails with a {@link ClosedChannelException}.
 *
 * <p>Not sharable: an instance belongs to one channel. It works on the channel's event loop alone; added with an executor of its own
 * it fails all writes.
 */
public final class SendCredentialsHandler extends ChannelDuplexHandler {
    private static final long NO_ID = 0xFFFF_FFFFL;

    private enum State {
        /** The credentials have not been sent: what is written is held. */
        HOLDING,
        /** They have been, and what is held passes. */
        PASSING,
        /** Everything passes. */
        OPEN,
        /** They will not be: every write fails. */
        FAILED
    }

    private final AttachedIds ids;

    private State state = State.HOLDING;
    private @Nullable HeldWrites held;
    private @Nullable Future<?> room; // not null while the socket has none
    private boolean awaitsOthers;
    /** Whether nothing that was written before this handler was there can still be unsent. */
    private boolean isFirst;

    private @Nullable Throwable cause; // of FAILED

    /** Makes a handler that attaches the real user and group id of this process, and its pid. */
    public SendCredentialsHandler() {
        this(new AttachedIds(AttachedIds.Kind.REAL, 0, 0, 0));
    }

    private SendCredentialsHandler(AttachedIds ids) {
        this.ids = ids;
    }

    /**
     * Returns a builder, for handlers that attach other than the real ids.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Builds handlers with options, of which the last counts. Once set up, one builder may be kept and {@link #build()} called for
     * every channel, from any thread.
     */
    public static final class Builder {
        private AttachedIds ids = new AttachedIds(AttachedIds.Kind.REAL, 0, 0, 0);

        private Builder() {}

        /**
         * Attaches the real ids, which is the default.
         *
         * @return this builder
         */
        public Builder real() {
            return own(AttachedIds.Kind.REAL);
        }

        /**
         * Attaches the effective ids: what the kernel itself records at connect(2).
         *
         * @return this builder
         */
        public Builder effective() {
            return own(AttachedIds.Kind.EFFECTIVE);
        }

        /**
         * Attaches the saved ids.
         *
         * @return this builder
         */
        public Builder saved() {
            return own(AttachedIds.Kind.SAVED);
        }

        private Builder own(AttachedIds.Kind kind) {
            ids = new AttachedIds(kind, 0, 0, 0);
            return this;
        }

        /**
         * Attaches these ids, and the pid of this process. Ids that are not among its own take CAP_SETUID and CAP_SETGID.
         *
         * @param uid 0 to 2^32-2
         * @param gid 0 to 2^32-2
         * @return this builder
         */
        public Builder as(long uid, long gid) {
            ids = new AttachedIds(AttachedIds.Kind.GIVEN, id("uid", uid), id("gid", gid), 0);
            return this;
        }

        /**
         * Attaches these ids and the pid of a process that lives when they are sent. A pid that is not its own takes CAP_SYS_ADMIN.
         *
         * @param uid 0 to 2^32-2
         * @param gid 0 to 2^32-2
         * @param pid 1 or more
         * @return this builder
         */
        public Builder as(long uid, long gid, int pid) {
            if (pid < 1) {
                throw new IllegalArgumentException("pid: " + pid);
            }
            ids = new AttachedIds(AttachedIds.Kind.GIVEN, id("uid", uid), id("gid", gid), pid);
            return this;
        }

        private static int id(String what, long id) {
            if (id < 0 || id >= NO_ID) {
                throw new IllegalArgumentException(what + ": " + id);
            }
            return (int) id;
        }

        /**
         * Makes a handler for one channel.
         *
         * @return a new handler
         */
        public SendCredentialsHandler build() {
            return new SendCredentialsHandler(ids);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        isFirst = buffer == null || buffer.totalPendingWriteBytes() == 0;
        Absence absence = ctx.executor() == ctx.channel().eventLoop()
                ? Transports.whyNotSend(ctx.channel())
                : new Absence(
                        AbsenceReason.FOREIGN_EXECUTOR,
                        "credentials are sent on the channel's event loop: add the handler without an executor");
        if (absence != null) {
            cause = new CredentialsNotSentException(Reason.UNSUPPORTED, absence.toString(), 0);
            state = State.FAILED;
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (state == State.HOLDING) {
            abandon(
                    ctx.channel().isOpen()
                            ? new CredentialsNotSentException(
                                    Reason.REMOVED, "the handler was removed before the credentials were sent", 0)
                            : new ClosedChannelException());
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.fireChannelActive();
        proceed(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        abandon(new ClosedChannelException());
        ctx.fireChannelInactive();
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        endWait(); // it may hold the socket open
        ctx.close(promise);
    }

    @Override
    public void disconnect(ChannelHandlerContext ctx, ChannelPromise promise) {
        endWait();
        ctx.disconnect(promise);
    }

    @Override
    public void deregister(ChannelHandlerContext ctx, ChannelPromise promise) {
        endWait();
        if (held != null && !held.isEmpty()) {
            abandon(new CredentialsNotSentException(
                    Reason.REMOVED, "the channel left its event loop before the credentials were sent", 0));
        }
        held = null; // it belongs to the event loop
        ctx.deregister(promise);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
        switch (state) {
            case HOLDING, PASSING -> held(ctx).add(msg, promise);
            case OPEN -> ctx.write(msg, promise);
            case FAILED -> {
                ReferenceCountUtil.release(msg);
                promise.tryFailure(Objects.requireNonNull(cause));
            }
        }
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (state == State.HOLDING || state == State.PASSING) {
            held(ctx).flush();
            proceed(ctx);
        } else {
            ctx.flush();
        }
    }

    private HeldWrites held(ChannelHandlerContext ctx) {
        if (held == null) {
            held = new HeldWrites(ctx);
        }
        return held;
    }

    /** Sends the credentials, if there is something to attach them to and nothing to wait for. */
    private void proceed(ChannelHandlerContext ctx) {
        HeldWrites writes = held;
        while (writes != null
                && state == State.HOLDING
                && room == null
                && !awaitsOthers
                && ctx.channel().isActive()) {
            Object first = writes.firstToSend();
            if (first == null) {
                return;
            }
            if (!(first instanceof ByteBuf bytes)) {
                writes.fail(new CredentialsNotSentException(
                        Reason.NOT_BYTES,
                        "credentials are attached to a ByteBuf, and the first message is a "
                                + first.getClass().getName() + ": add the handler in front of the encoders",
                        0));
            } else if (!bytes.isReadable()) {
                writes.succeed();
            } else if (!isNothingAhead(ctx.channel())) {
                awaitOthers(ctx);
            } else {
                send(ctx, bytes, writes);
            }
        }
    }

    /** Whether Netty has nothing to send, and on io_uring nothing on its way either. */
    private boolean isNothingAhead(Channel channel) {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer == null || (isFirst && buffer.isEmpty());
    }

    /** Waits for what was written before the handler was there: an empty message behind it is told when that is sent. */
    private void awaitOthers(ChannelHandlerContext ctx) {
        awaitsOthers = true;
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            try {
                // Netty is in the midst of sending now.
                ctx.executor().execute(() -> {
                    awaitsOthers = false;
                    isFirst = true;
                    if (written.isSuccess()) {
                        proceed(ctx);
                    } else {
                        fail(ctx, Objects.requireNonNull(written.cause()));
                    }
                });
            } catch (RejectedExecutionException e) {
                abandon(e);
            }
        });
    }

    private void send(ChannelHandlerContext ctx, ByteBuf bytes, HeldWrites writes) {
        int sent;
        try {
            sent = send(ctx.channel(), bytes);
        } catch (CredentialsNotSentException e) {
            fail(ctx, e);
            return;
        }
        if (sent == 0) {
            awaitRoom(ctx);
            return;
        }
        state = State.PASSING;
        bytes.skipBytes(sent);
        if (!bytes.isReadable()) {
            writes.succeed();
        }
        writes.passOn(ctx);
        state = State.OPEN;
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    private int send(Channel channel, ByteBuf bytes) throws CredentialsNotSentException {
        if (bytes.isDirect() && bytes.nioBufferCount() == 1) {
            ByteBuffer one = bytes.nioBuffer();
            if (one.isDirect()) {
                return Transports.send(channel, one, ids);
            }
        }
        ByteBuf copy = Unpooled.directBuffer(bytes.readableBytes());
        try {
            copy.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
            return Transports.send(channel, copy.nioBuffer(), ids);
        } finally {
            copy.release();
        }
    }

    private void awaitRoom(ChannelHandlerContext ctx) {
        Future<?> wait = Transports.awaitWritable(ctx.channel());
        room = wait;
        wait.addListener(done -> {
            if (room != wait) {
                return; // ended
            }
            room = null;
            if (done.isSuccess()) {
                proceed(ctx);
            } else if (done.isCancelled()) {
                abandon(new ClosedChannelException()); // the event loop shuts down
            } else {
                fail(ctx, new IOException("there is no room in the socket, and no waiting for it", done.cause()));
            }
        });
    }

    private void endWait() {
        Future<?> wait = room;
        room = null;
        if (wait != null) {
            wait.cancel(false);
        }
    }

    private void fail(ChannelHandlerContext ctx, Throwable failure) {
        if (state == State.HOLDING) {
            Log.debug("no credentials were sent on {}: {}", ctx.channel(), failure);
            abandon(failure);
            if (ctx.channel().config().isAutoClose()) {
                ctx.close();
            }
        }
    }

    /** Lets go of all, if the credentials have not been sent. */
    private void abandon(Throwable failure) {
        endWait();
        if (state == State.HOLDING) {
            state = State.FAILED;
            cause = failure;
            if (held != null) {
                held.failAll(failure);
            }
        }
    }
}
