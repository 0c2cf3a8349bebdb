// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.PeekedDatagram;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator.DelegatingHandle;
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle;
import io.netty.util.UncheckedBooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks, right before each read of a datagram channel, who sent what that read takes: Netty allocates a buffer there. A
 * further read of a burst is let happen only if a look has found a datagram. Runs on the channel's event loop.
 */
@SuppressWarnings("deprecation") // Netty says to use ExtendedHandle, and names Handle in all its signatures
final class PeekingDatagramAllocator implements MaxMessagesRecvByteBufAllocator {
    private final Channel channel;
    private final CaptureRequest request;
    private final RecvByteBufAllocator own;
    private boolean ended;
    private boolean looked;
    private @Nullable PeekedDatagram peeked;
    /** Whether the latest look was made ahead of its read, and serves that. */
    private boolean ahead;

    private @Nullable Absence error;

    private PeekingDatagramAllocator(Channel channel, CaptureRequest request) {
        this.channel = channel;
        this.request = request;
        own = channel.config().getRecvByteBufAllocator();
    }

    static PeekingDatagramAllocator begin(Channel channel, CaptureRequest request) {
        PeekingDatagramAllocator peeking = new PeekingDatagramAllocator(channel, request);
        channel.config().setRecvByteBufAllocator(peeking);
        return peeking;
    }

    void end() {
        ended = true;
        forget();
        if (channel.config().getRecvByteBufAllocator() == this) {
            channel.config().setRecvByteBufAllocator(own);
        }
    }

    /** Whether there was a look at all: not if Netty made its handle before this was there. */
    boolean hasLooked() {
        return looked;
    }

    /** Takes what the look before the latest read saw; null if it saw nothing, or that has been taken. */
    @Nullable
    PeekedDatagram take() {
        PeekedDatagram seen = peeked;
        peeked = null;
        ahead = false;
        return seen;
    }

    /** Takes the error of the socket that a look met in place of a read; null if none did. */
    @Nullable
    Absence takeError() {
        Absence met = error;
        error = null;
        return met;
    }

    private void forget() {
        if (peeked != null) {
            MessageTime.discard(peeked.sender());
            peeked = null;
        }
        ahead = false;
    }

    private void look() {
        looked = true;
        forget();
        PeekedDatagram next = Transports.peekDatagram(channel, request);
        if (next != null && next.length() == PeekedDatagram.NO_LENGTH) {
            error = next.sender() instanceof Absence absence ? absence : null;
        } else {
            peeked = next;
        }
    }

    private void lookBeforeRead() {
        if (ahead) {
            ahead = false;
        } else {
            look();
        }
    }

    private boolean lookAhead() {
        look();
        ahead = peeked != null;
        return ahead;
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
        private final PeekingDatagramAllocator peeking;

        PeekingHandle(Handle own, PeekingDatagramAllocator peeking) {
            super(own);
            this.peeking = peeking;
        }

        @Override
        public void reset(ChannelConfig config) {
            peeking.forget();
            delegate().reset(config);
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            if (!peeking.ended) {
                peeking.lookBeforeRead();
            }
            return delegate().allocate(alloc);
        }

        @Override
        public boolean continueReading() {
            return gate(delegate().continueReading());
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreDataSupplier) {
            return gate(
                    delegate() instanceof ExtendedHandle extended
                            ? extended.continueReading(maybeMoreDataSupplier)
                            : delegate().continueReading());
        }

        private boolean gate(boolean goesOn) {
            return goesOn && (peeking.ended || peeking.lookAhead());
        }
    }
}
