// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.epoll;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.DomainDatagramChannelConfig;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options of an {@link EpollAttestedDatagramChannel}: those of every channel, and {@link ChannelOption#SO_SNDBUF}. */
public final class EpollAttestedDatagramChannelConfig extends DefaultChannelConfig
        implements DomainDatagramChannelConfig {
    private static final int MOST_BYTES = 2048; // as Netty's own channel has it

    private final EpollAttestedDatagramChannel owner;
    private final Socket socket;

    EpollAttestedDatagramChannelConfig(EpollAttestedDatagramChannel channel, Socket socket) {
        super(channel, new FixedRecvByteBufAllocator(MOST_BYTES));
        owner = channel;
        this.socket = socket;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), ChannelOption.SO_SNDBUF);
    }

    @SuppressWarnings("unchecked") // T is the type of the option's values
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        return option.equals(ChannelOption.SO_SNDBUF)
                ? (T) Integer.valueOf(getSendBufferSize())
                : super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        if (!option.equals(ChannelOption.SO_SNDBUF)) {
            return super.setOption(option, value);
        }
        validate(option, value);
        setSendBufferSize((Integer) value);
        return true;
    }

    @Override
    protected void autoReadCleared() {
        owner.stopReading();
    }

    @Override
    public int getSendBufferSize() {
        try {
            return socket.getSendBufferSize();
        } catch (IOException e) {
            throw new ChannelException(e);
        }
    }

    @Override
    public EpollAttestedDatagramChannelConfig setSendBufferSize(int sendBufferSize) {
        try {
            socket.setSendBufferSize(sendBufferSize);
            return this;
        } catch (IOException e) {
            throw new ChannelException(e);
        }
    }

    @Override
    public EpollAttestedDatagramChannelConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public EpollAttestedDatagramChannelConfig setAutoClose(boolean autoClose) {
        super.setAutoClose(autoClose);
        return this;
    }

    @Override
    public EpollAttestedDatagramChannelConfig setAutoRead(boolean autoRead) {
        super.setAutoRead(autoRead);
        return this;
    }

    @Override
    public EpollAttestedDatagramChannelConfig setConnectTimeoutMillis(int connectTimeoutMillis) {
        super.setConnectTimeoutMillis(connectTimeoutMillis);
        return this;
    }

    @Deprecated
    @Override
    public EpollAttestedDatagramChannelConfig setMaxMessagesPerRead(int maxMessagesPerRead) {
        super.setMaxMessagesPerRead(maxMessagesPerRead);
        return this;
    }

    @Override
    public EpollAttestedDatagramChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public EpollAttestedDatagramChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public EpollAttestedDatagramChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark writeBufferWaterMark) {
        super.setWriteBufferWaterMark(writeBufferWaterMark);
        return this;
    }

    @Override
    public EpollAttestedDatagramChannelConfig setWriteSpinCount(int writeSpinCount) {
        super.setWriteSpinCount(writeSpinCount);
        return this;
    }
}
