// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator.DelegatingHandle;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.util.UncheckedBooleanSupplier;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Looks, right before each read of a channel, who sent what that read returns: Netty allocates a buffer there. It lets a burst of
 * reads go on only if a look finds something more to read, so that no read returns what came after its look; that look serves the
 * read that follows. All else it leaves to the channel's own allocator, to which it gives the channel back when it
 * {@linkplain #end ends}; Netty keeps the handle for the channel's life, so that from then on only passes on.
 */
@SuppressWarnings("deprecation") // Netty says to use ExtendedHandle, and names Handle in all its signatures
final class PeekingAllocator implements MaxMessagesRecvByteBufAllocator {
    private final Channel channel;
    private final MessageTime moment;
    private final RecvByteBufAllocator own;
    private final CaptureRequest begun;
    private CaptureRequest request;
    private boolean ended;
    private boolean looked;
    private boolean sawEnd;
    private @Nullable Absence socketError;

    /** What the look before the read saw that is under way; on io_uring one is while what the last returned is handled. */
    private @Nullable PeerCredentialsResult peeked;

    /** Whether the read that belongs to that look is still to come. */
    private boolean reading;

    /** How many reads returned bytes since the latest {@link #take}, and how many bytes the last of them. */
    private int reads;

    private int bytesRead;

    /** What the look before the last of them saw; null if it saw nothing, or that has been taken. */
    private @Nullable PeerCredentialsResult seen;

    /** A look of which it is not known yet whether a read follows. */
    private @Nullable PeerCredentialsResult ahead;

    private boolean lookedAhead;

    /** Who sent what the latest read with bytes returned, as far as the look knew: not at all if null. */
    private @Nullable PeerCredentialsResult sender;

    private boolean hasRead;
    private boolean sawTwoSenders;

    private PeekingAllocator(Channel channel, CaptureRequest request, MessageTime moment) {
        this.channel = channel;
        this.moment = moment;
        this.begun = request;
        this.request = request;
        own = channel.config().getRecvByteBufAllocator();
    }

    /**
     * Has the kernel attach credentials to what the channel reads, and begins to look. Runs on the channel's event loop, as everything
     * here does.
     *
     * @throws AbsentException if it cannot work on this channel
     */
    static PeekingAllocator begin(ChannelHandlerContext ctx, CaptureRequest request, MessageTime moment) {
        Channel channel = ctx.channel();
        if (ctx.executor() != channel.eventLoop()) {
            throw new AbsentException(new Absence(
                    AbsenceReason.FOREIGN_EXECUTOR,
                    "reads are looked at on the channel's event loop: add the handler without an executor"));
        }
        if (channel.config().getRecvByteBufAllocator() instanceof PeekingAllocator) {
            throw new AbsentException(new Absence(
                    AbsenceReason.FAILED,
                    "another handler looks at the reads of this channel already: every read includes the first"));
        }
        Absence impossible = Transports.attestReads(channel, request, moment == MessageTime.EVERY_READ);
        if (impossible != null) {
            throw new AbsentException(impossible);
        }
        try {
            PeekingAllocator peeking = new PeekingAllocator(channel, request, moment);
            channel.config().setRecvByteBufAllocator(peeking);
            return peeking;
        } catch (RuntimeException e) {
            Transports.endAttestedReads(channel, request);
            throw new AbsentException(new Absence(
                    AbsenceReason.FAILED, "the channel does not take another ChannelOption.RECVBUF_ALLOCATOR: " + e));
        }
    }

    /** Looks no more, and has the kernel attach nothing more. */
    void end() {
        if (ended) {
            return;
        }
        ended = true;
        MessageTime.discard(peeked);
        peeked = null;
        MessageTime.discard(seen);
        seen = null;
        forgetAhead();
        sender = null;
        if (channel.config().getRecvByteBufAllocator() == this) {
            channel.config().setRecvByteBufAllocator(own);
        }
        Transports.endAttestedReads(channel, begun);
    }

    /** Asks for less from now on than was begun with. */
    void narrow(CaptureRequest less) {
        request = less;
    }

    /** What the look before the latest read with bytes saw; null if it saw nothing there, or there was none. */
    @Nullable
    PeerCredentialsResult peeked() {
        return seen;
    }

    /** Passes what that look saw, with the process handle in it, on to the caller. */
    void passPeeked() {
        seen = null;
    }

    /**
     * Who sent a message, which passes to the caller: null unless exactly one read returned bytes since the last call, as many as the
     * message has, and the look before it saw some.
     */
    @Nullable
    PeerCredentialsResult take(int messageLength) {
        PeerCredentialsResult taken = seen;
        boolean paired = reads == 1 && bytesRead == messageLength;
        reads = 0;
        seen = null;
        if (!paired) {
            MessageTime.discard(taken);
        }
        return paired ? taken : null;
    }

    /** Puts back what {@link #take} returned: the message that it belongs to comes next. */
    void putBack(@Nullable PeerCredentialsResult taken, int messageLength) {
        MessageTime.discard(seen);
        seen = taken;
        reads++;
        bytesRead = messageLength;
    }

    /**
     * The bytes of all reads since the latest {@link #take} were taken out of the stream, but for so many of the last one, which are a
     * message to come. If none are, what the look saw goes, unless it was passed on.
     */
    void leave(int rest, boolean passedOn) {
        reads = rest > 0 ? 1 : 0;
        bytesRead = rest;
        if (rest == 0) {
            if (!passedOn) {
                MessageTime.discard(seen);
            }
            seen = null;
        }
    }

    /** Whether there was a look at all: not if Netty made its handle before this was there. */
    boolean hasLooked() {
        return looked;
    }

    /**
     * Whether bytes of several senders were read, or of one who is known and of one who is not: a handler in front may have
     * joined them to one message.
     */
    boolean sawTwoSenders() {
        return sawTwoSenders;
    }

    /** Whether a look saw the end of the stream. */
    boolean sawEnd() {
        return sawEnd;
    }

    /** An error of the socket that a look met, of which no other call knows any more; null if none. */
    @Nullable
    Absence socketError() {
        return socketError;
    }

    private @Nullable PeerCredentialsResult look() {
        looked = true;
        PeerCredentialsResult found = Transports.peek(channel, request, moment);
        if (found instanceof Absence absence) {
            sawEnd |= absence.reason() == AbsenceReason.NO_DATA;
            if (socketError == null
                    && absence.reason() == AbsenceReason.FAILED
                    && absence.errno().isPresent()) {
                socketError = absence;
            }
        }
        return found;
    }

    private void beforeRead() {
        MessageTime.discard(peeked);
        peeked = lookedAhead ? ahead : look();
        ahead = null;
        lookedAhead = false;
        reading = true;
    }

    private void afterRead(int bytes) {
        if (reading && bytes > 0) {
            MessageTime.discard(seen);
            seen = peeked;
            reads++;
            bytesRead = bytes;
            sawTwoSenders |= hasRead && !Objects.equals(sender, seen);
            sender = seen;
            hasRead = true;
        } else {
            MessageTime.discard(peeked);
        }
        peeked = null;
        reading = false;
    }

    /** Whether there is something to be read: bytes, the end of the stream or an error. */
    private boolean findsMore() {
        forgetAhead();
        ahead = look();
        lookedAhead = ahead != null;
        return lookedAhead;
    }

    private void forgetAhead() {
        MessageTime.discard(ahead);
        ahead = null;
        lookedAhead = false;
    }

    @Override
    public Handle newHandle() {
        return new PeekingHandle(own.newHandle(), this);
    }

    @Override
    public int maxMessagesPerRead() {
        return bounded().maxMessagesPerRead();
    }

    @Override
    public MaxMessagesRecvByteBufAllocator maxMessagesPerRead(int maxMessagesPerRead) {
        bounded().maxMessagesPerRead(maxMessagesPerRead);
        return this;
    }

    private MaxMessagesRecvByteBufAllocator bounded() {
        if (own instanceof MaxMessagesRecvByteBufAllocator bounded) {
            return bounded;
        }
        throw new IllegalStateException(own.getClass().getName() + " has no maxMessagesPerRead");
    }

    private static final class PeekingHandle extends DelegatingHandle implements ExtendedHandle {
        private @Nullable PeekingAllocator peeking;

        PeekingHandle(Handle own, PeekingAllocator peeking) {
            super(own);
            this.peeking = peeking;
        }

        /** What looks, null once it has ended. */
        private @Nullable PeekingAllocator looking() {
            if (peeking != null && peeking.ended) {
                peeking = null;
            }
            return peeking;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            PeekingAllocator looking = looking();
            if (looking != null) {
                looking.beforeRead();
            }
            return delegate().allocate(alloc);
        }

        @Override
        public void lastBytesRead(int bytes) {
            PeekingAllocator looking = looking();
            if (looking != null) {
                looking.afterRead(bytes);
            }
            delegate().lastBytesRead(bytes);
        }

        @Override
        public boolean continueReading() {
            return delegate().continueReading() && findsMore();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreDataSupplier) {
            return (delegate() instanceof ExtendedHandle extended
                            ? extended.continueReading(maybeMoreDataSupplier)
                            : delegate().continueReading())
                    && findsMore();
        }

        private boolean findsMore() {
            PeekingAllocator looking = looking();
            return looking == null || looking.findsMore();
        }

        /** A look ahead is of this burst alone: what the next read returns may be another's. */
        @Override
        public void reset(ChannelConfig config) {
            forgetAhead();
            delegate().reset(config);
        }

        @Override
        public void readComplete() {
            forgetAhead();
            delegate().readComplete();
        }

        private void forgetAhead() {
            PeekingAllocator looking = looking();
            if (looking != null) {
                looking.forgetAhead();
            }
        }
    }
}
