// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.epoll;

import io.github.nettypeercred.jni.DatagramBurst;
import io.github.nettypeercred.spi.DatagramFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.PreferredDirectByteBufAllocator;
import io.netty.channel.unix.Socket;
import org.jspecify.annotations.Nullable;

/** Reads a channel's datagrams into buffers that it keeps until they are filled. Runs on the channel's event loop. */
@SuppressWarnings("deprecation") // Netty says to use ExtendedHandle, and names Handle in all its signatures
final class DatagramReader {
    private final EpollAttestedDatagramChannel channel;
    private final Socket socket;
    private final DatagramBurst burst;
    private final DatagramFactory factory;
    private final PreferredDirectByteBufAllocator direct = new PreferredDirectByteBufAllocator();
    private final @Nullable ByteBuf[] spaces;

    DatagramReader(EpollAttestedDatagramChannel channel, Socket socket, DatagramBurst burst, DatagramFactory factory) {
        this.channel = channel;
        this.socket = socket;
        this.burst = burst;
        this.factory = factory;
        spaces = new ByteBuf[burst.size()];
    }

    static int maxMessages(ChannelConfig config) {
        RecvByteBufAllocator allocator = config.getRecvByteBufAllocator();
        return allocator instanceof MaxMessagesRecvByteBufAllocator bounded ? bounded.maxMessagesPerRead() : 1;
    }

    /** Delivers what is there, up to the channel's maximum; returns an error of the socket, null if there was none. */
    @Nullable
    Throwable read(DomainSocketAddress recipient) {
        ChannelConfig config = channel.config();
        RecvByteBufAllocator.Handle handle = channel.unsafe().recvBufAllocHandle();
        handle.reset(config);
        direct.updateAllocator(config.getAllocator());
        int left = config.isAutoRead() ? maxMessages(config) : 1;
        try {
            while (left > 0) {
                int wanted = Math.min(left, spaces.length);
                prepare(wanted, handle);
                int taken = burst.receive(socket.intValue(), wanted);
                if (taken < 0) {
                    return Errors.newIOException("recvmmsg", taken);
                }
                left -= taken;
                if (!deliver(taken, recipient, handle) || taken < wanted || !config.isAutoRead()) {
                    break;
                }
            }
            return null;
        } catch (RuntimeException | OutOfMemoryError e) {
            return e; // no memory for buffers: the datagrams wait in the socket
        } finally {
            handle.readComplete();
        }
    }

    private void prepare(int count, RecvByteBufAllocator.Handle handle) {
        for (int i = 0; i < count; i++) {
            if (spaces[i] == null) {
                ByteBuf space = allocate(handle);
                spaces[i] = space;
                burst.space(i, space);
            }
        }
    }

    private ByteBuf allocate(RecvByteBufAllocator.Handle handle) {
        ByteBuf space = handle.allocate(direct);
        if (space.isDirect() && space.nioBufferCount() == 1) {
            return space;
        }
        int capacity = space.writableBytes();
        space.release();
        ByteBufAllocator allocator = channel.config().getAllocator();
        return allocator.directBuffer(capacity);
    }

    /** Returns false if the channel was closed meanwhile. */
    private boolean deliver(int count, DomainSocketAddress recipient, RecvByteBufAllocator.Handle handle) {
        for (int i = 0; i < count; i++) {
            ByteBuf space = spaces[i];
            if (space == null) {
                return false; // released
            }
            spaces[i] = null;
            int length = burst.length(i);
            int kept = Math.min(length, space.writableBytes());
            handle.attemptedBytesRead(space.writableBytes());
            handle.lastBytesRead(kept);
            handle.incMessagesRead(1);
            space.writerIndex(space.writerIndex() + kept);
            channel.delivers();
            channel.pipeline()
                    .fireChannelRead(
                            factory.datagram(space, burst.sender(i), recipient, length, burst.credentials(i, factory)));
        }
        return channel.isOpen();
    }

    /** Lets go of all buffers, with what has been taken and not delivered. */
    void release() {
        for (int i = 0; i < spaces.length; i++) {
            ByteBuf space = spaces[i];
            spaces[i] = null;
            if (space != null) {
                space.release();
            }
        }
    }
}
