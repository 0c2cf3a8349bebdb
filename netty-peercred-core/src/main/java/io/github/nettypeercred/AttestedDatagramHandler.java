// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.AttestingDatagramChannel;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.PeekedDatagram;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Has each datagram of a channel delivered as an {@link AttestedDatagram}: with the credentials of its sender, or an absence
 * that says why there are none. No datagram closes the channel, whoever sent it.
 *
 * <p>Add it first, before the channel is bound, as to any pipeline of a {@code Bootstrap}:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new AttestedDatagramHandler());
 * channel.pipeline().addLast(new MyLogHandler()); // gets AttestedDatagram
 * }</pre>
 *
 * <p>It serves two kinds of channel. {@code EpollAttestedDatagramChannel} of netty-peercred-epoll reads many datagrams and
 * their credentials by one system call: the handler tells it what to ask for, and leaves the pipeline. On Netty's {@code
 * EpollDomainDatagramChannel} and {@code KQueueDomainDatagramChannel}, on FreeBSD and NetBSD, it stays, and looks at each datagram before
 * Netty reads it, which takes a system call more.
 * Nothing else may read from the descriptor meanwhile. Netty drops an empty datagram on a connected channel of its own.
 *
 * <p>Descriptors are never delivered. Who passes some gets EPERM from now on (SO_PASSRIGHTS, Linux 6.16), unless {@link
 * Builder#admitDescriptors()} says otherwise. On older kernels, and of what was sent before, they are closed unread.
 *
 * <p><strong>Where it cannot work</strong> (another kind of channel, no native library, added after the first read, an
 * executor of its own, Netty 4.1) it fails {@code bind} and {@code connect} with an {@link AbsentException}, fires {@link
 * PeerCredentialsEvent.Refused}, delivers nothing and closes the channel.
 *
 * <p>Not sharable: an instance belongs to one channel.
 */
public final class AttestedDatagramHandler extends ChannelDuplexHandler {
    private final CaptureRequest request;
    private final boolean admitDescriptors;

    private @Nullable PeekingDatagramAllocator peeking;
    private @Nullable Absence refused;
    private boolean announced;

    /** Makes a handler that asks for the sender's user, group and process id. */
    public AttestedDatagramHandler() {
        this(new Builder());
    }

    private AttestedDatagramHandler(Builder builder) {
        request = new CaptureRequest(false, builder.label, builder.process);
        admitDescriptors = builder.admitDescriptors;
    }

    /**
     * Returns a builder, for handlers that ask for more than the default.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds handlers with options. One builder may be kept and {@link #build()} called for every channel, from any thread. */
    public static final class Builder {
        private boolean label;
        private boolean process;
        private boolean admitDescriptors;

        private Builder() {}

        /**
         * Also captures the label that a Linux security module gave the sender (SO_PASSSEC, SCM_SECURITY).
         *
         * @return this builder
         */
        public Builder senderLabel() {
            label = true;
            return this;
        }

        /**
         * Also captures a handle of the process that sent each datagram (SO_PASSPIDFD, Linux 6.5): one descriptor a datagram,
         * which closes with its last release. It is of the process that the credentials name, so a privileged sender can point
         * it elsewhere.
         *
         * @return this builder
         */
        public Builder senderProcess() {
            process = true;
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
         * Makes a handler for one channel.
         *
         * @return a new handler
         */
        public AttestedDatagramHandler build() {
            return new AttestedDatagramHandler(this);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.executor() != ctx.channel().eventLoop()) {
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.FOREIGN_EXECUTOR,
                            "datagrams are looked at on the channel's event loop: add the handler without an executor"));
            return;
        }
        Absence impossible = Transports.attestDatagrams(ctx.channel(), request);
        if (impossible != null) {
            refuse(ctx, impossible);
            return;
        }
        if (!admitDescriptors) {
            Transports.refuseDescriptors(ctx.channel());
        }
        if (ctx.channel() instanceof AttestingDatagramChannel) {
            ctx.pipeline().remove(this);
            return;
        }
        try {
            peeking = PeekingDatagramAllocator.begin(ctx.channel(), request);
        } catch (RuntimeException e) {
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.FAILED,
                            "the channel does not take another ChannelOption.RECVBUF_ALLOCATOR: " + e));
        }
    }

    /** Datagrams pass from now on as the channel reads them: without credentials. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (peeking != null) {
            peeking.end();
            peeking = null;
        }
    }

    /** Refuses at once a channel that receives already, and another when it is to be bound or connected: that can say why. */
    private void refuse(ChannelHandlerContext ctx, Absence absence) {
        refused = absence;
        if (!ctx.channel().isActive()) {
            return;
        }
        try {
            ctx.executor().execute(() -> announce(ctx)); // the handlers behind may not be there yet
        } catch (RejectedExecutionException e) {
            Log.debug("the executor is shut down: closing " + ctx.channel(), e);
            ctx.close();
        }
    }

    private void announce(ChannelHandlerContext ctx) {
        if (announced || refused == null) {
            return;
        }
        announced = true;
        try {
            ctx.fireUserEventTriggered(new PeerCredentialsEvent.Refused(refused));
        } finally {
            Log.debug("refused {}: {}", ctx.channel(), refused);
            ctx.close();
        }
    }

    @Override
    public void bind(ChannelHandlerContext ctx, SocketAddress localAddress, ChannelPromise promise) {
        if (refused == null) {
            ctx.bind(localAddress, promise);
        } else {
            promise.tryFailure(new AbsentException(refused));
            announce(ctx);
        }
    }

    @Override
    public void connect(
            ChannelHandlerContext ctx,
            SocketAddress remoteAddress,
            SocketAddress localAddress,
            ChannelPromise promise) {
        if (refused == null) {
            ctx.connect(remoteAddress, localAddress, promise);
        } else {
            promise.tryFailure(new AbsentException(refused));
            announce(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        announce(ctx);
        if (refused == null) {
            ctx.fireChannelActive();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        PeekingDatagramAllocator looks = peeking;
        if (refused == null && msg instanceof DomainDatagramPacket packet && looks != null && looks.hasLooked()) {
            ctx.fireChannelRead(attest(packet, looks.take()));
            return;
        }
        ReferenceCountUtil.release(msg);
        if (refused == null) {
            refuse(
                    ctx,
                    msg instanceof DomainDatagramPacket
                            ? new Absence(
                                    AbsenceReason.ADDED_LATE,
                                    "the channel read with another allocator: add the handler before its first read, and set"
                                            + " ChannelOption.RECVBUF_ALLOCATOR before the handler is added")
                            : new Absence(
                                    AbsenceReason.RACED,
                                    "no datagram but a " + msg.getClass().getName() + ": add the handler first"));
        }
        announce(ctx);
    }

    private static AttestedDatagram attest(DomainDatagramPacket packet, @Nullable PeekedDatagram peeked) {
        ByteBuf content = packet.content();
        int read = content.readableBytes();
        boolean full = !content.isWritable();
        DomainSocketAddress sender = named(packet.sender());
        DomainSocketAddress recipient = named(packet.recipient());
        // What was looked at is cut at the end of the buffer. Else another has read it from the same socket.
        if (peeked == null || (full ? peeked.length() < read : peeked.length() != read)) {
            if (peeked != null) {
                MessageTime.discard(peeked.sender());
            }
            Absence raced = new Absence(
                    AbsenceReason.RACED, "the datagram was read, and the look right before the read had not seen it");
            return new AttestedDatagram(content, sender, recipient, raced, read, full);
        }
        return new AttestedDatagram(
                content, sender, recipient, peeked.sender(), peeked.length(), peeked.length() > read);
    }

    private static DomainSocketAddress named(@Nullable DomainSocketAddress address) {
        return address == null || address.path().isEmpty() ? AttestedDatagram.UNNAMED : address;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (refused != null) {
            return;
        }
        ctx.fireChannelReadComplete();
        Absence error = peeking == null ? null : peeking.takeError();
        if (error != null) {
            ctx.fireExceptionCaught(new IOException(error.toString()));
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (refused == null) {
            ctx.fireUserEventTriggered(evt);
        } else {
            ReferenceCountUtil.release(evt);
        }
    }
}
