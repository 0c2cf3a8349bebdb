// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator.DelegatingHandle;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.util.UncheckedBooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks, right before each read of a channel, who sent what that read returns: Netty allocates a buffer there. All else it
 * leaves to the channel's own allocator, to which it gives the channel back when it {@linkplain #end ends}; Netty keeps the
 * handle for the channel's life, so that from then on only passes on.
 */
@SuppressWarnings("deprecation") // Netty says to use ExtendedHandle, and names Handle in all its signatures
final class PeekingAllocator implements MaxMessagesRecvByteBufAllocator {
    private final Channel channel;
    private final CaptureRequest request;
    private final RecvByteBufAllocator own;
    private boolean ended;
    private boolean looked;
    private boolean sawEnd;
    private @Nullable PeerCredentialsResult peeked;

    /** The sender that the latest look with a byte in it saw. */
    private @Nullable UnixPeerCredentials sender;

    private boolean sawTwoSenders;

    private PeekingAllocator(Channel channel, CaptureRequest request) {
        this.channel = channel;
        this.request = request;
        own = channel.config().getRecvByteBufAllocator();
    }

    /** Begins to look. Runs on the channel's event loop, as everything here does. */
    static PeekingAllocator begin(Channel channel, CaptureRequest request) {
        PeekingAllocator peeking = new PeekingAllocator(channel, request);
        channel.config().setRecvByteBufAllocator(peeking);
        return peeking;
    }

    void end() {
        ended = true;
        MessageTime.discard(peeked);
        peeked = null;
        sender = null;
        if (channel.config().getRecvByteBufAllocator() == this) {
            channel.config().setRecvByteBufAllocator(own);
        }
    }

    /** What the look before the latest read saw; null if it saw nothing there, or there was none. */
    @Nullable
    PeerCredentialsResult peeked() {
        return peeked;
    }

    /** Passes what the latest look saw, with the process handle in it, on to the caller. */
    void passPeeked() {
        peeked = null;
    }

    /** Whether there was a look at all: not if Netty made its handle before this was there. */
    boolean hasLooked() {
        return looked;
    }

    /** Whether looks saw bytes of several senders: a handler in front may have joined them to one message. */
    boolean sawTwoSenders() {
        return sawTwoSenders;
    }

    /** Whether a look saw the end of the stream. */
    boolean sawEnd() {
        return sawEnd;
    }

    private void look() {
        looked = true;
        PeerCredentialsResult next = Transports.peek(channel, request, MessageTime.FIRST_READ);
        if (FirstRead.isSocketError(peeked)) {
            return; // of which this look cannot know any more
        }
        MessageTime.discard(peeked);
        peeked = next;
        if (next instanceof UnixPeerCredentials seen) {
            sawTwoSenders |= sender != null && !sender.equals(seen);
            sender = seen;
        }
        sawEnd |= next instanceof Absence absence && absence.reason() == AbsenceReason.NO_DATA;
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

        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            if (peeking != null) {
                if (peeking.ended) {
                    peeking = null;
                } else {
                    peeking.look();
                }
            }
            return delegate().allocate(alloc);
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreDataSupplier) {
            return delegate() instanceof ExtendedHandle extended
                    ? extended.continueReading(maybeMoreDataSupplier)
                    : delegate().continueReading();
        }
    }
}
