// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.epoll;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.jni.DatagramBurst;
import io.github.nettypeercred.jni.DatagramCapture;
import io.github.nettypeercred.spi.AttestingDatagramChannel;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.DatagramFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AbstractChannel;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultAddressedEnvelope;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A channel of Unix datagrams that reads many of them, each with its sender's credentials, by one system call: recvmmsg(2).
 * Use it in place of Netty's {@code EpollDomainDatagramChannel}, on an event loop of epoll with Netty 4.2.
 *
 * <p>An {@link AttestedDatagramHandler} must be added before it is bound or connected, and says what to ask for: without one
 * both fail. It delivers {@link AttestedDatagram}s, and writes {@code DomainDatagramPacket}s, other {@code AddressedEnvelope}s
 * of a {@code ByteBuf} and a {@code DomainSocketAddress} and, if connected, {@code ByteBuf}s.
 *
 * <ul>
 *   <li>An address is a path, or an abstract name, which begins with a NUL character; bound to the path "", the kernel chooses
 *       an abstract one.
 *   <li>A path stays when the channel closes: whoever binds next deletes it. To delete it here could delete a successor's.
 *   <li>{@code RECVBUF_ALLOCATOR} gives the most bytes that are kept of a datagram, 2048 unless set. The rest is lost, which
 *       {@link AttestedDatagram#truncated()} tells. The channel keeps as many buffers as it takes datagrams at once: {@code
 *       maxMessagesPerRead}, 16 unless set, at most 64.
 *   <li>With {@code AUTO_READ} off each {@code read()} delivers one datagram. What has been taken already when it is turned
 *       off is delivered.
 *   <li>A datagram for a recipient whose queue is full fails, rather than keep all behind it waiting; on a connected channel
 *       it waits. One for a sender without an address fails, and so does an empty one, which Netty's call cannot tell from one
 *       that was not sent. {@code Unpooled.EMPTY_BUFFER} is none: its write succeeds once all before it have gone out.
 *   <li>There is no {@code SO_RCVBUF}: Unix sockets have no use for it, unix(7). How many datagrams may wait is
 *       {@code net.unix.max_dgram_qlen}.
 * </ul>
 */
public final class EpollAttestedDatagramChannel extends AbstractChannel implements AttestingDatagramChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(true, 16);

    private final Socket socket;
    private final EpollAttestedDatagramChannelConfig config;
    private volatile boolean active;
    private volatile boolean connected;
    private volatile @Nullable DomainSocketAddress local;
    private volatile @Nullable DomainSocketAddress remote;

    // Of the event loop alone.
    private @Nullable IoRegistration registration;
    private EpollIoOps ops = EpollIoOps.EPOLLERR;
    private @Nullable DatagramReader reader;

    /** Makes a channel with a new socket. */
    public EpollAttestedDatagramChannel() {
        this(Socket.newSocketDomainDgram(), false);
    }

    /**
     * Makes a channel of a socket that is there, such as one that a service manager has bound.
     *
     * @param fd the descriptor of a Unix datagram socket in non-blocking mode, owned by the channel from now on
     */
    public EpollAttestedDatagramChannel(int fd) {
        this(new Socket(fd), true);
    }

    private EpollAttestedDatagramChannel(Socket socket, boolean adopted) {
        super(null);
        this.socket = socket;
        config = new EpollAttestedDatagramChannelConfig(this, socket);
        if (adopted) {
            local = socket.localDomainSocketAddress();
            remote = socket.remoteDomainSocketAddress();
            connected = remote != null;
            active = true;
        }
    }

    @Override
    public @Nullable Absence attest(CaptureRequest request, DatagramFactory factory) {
        if (reader != null) {
            return new Absence(
                    AbsenceReason.ADDED_LATE, "the channel has an AttestedDatagramHandler already: add only one");
        }
        Absence impossible = DatagramCapture.begin(socket.intValue(), request);
        if (impossible == null) {
            reader = new DatagramReader(this, socket, new DatagramBurst(request, mostAtOnce()), factory);
        }
        return impossible;
    }

    private int mostAtOnce() {
        return DatagramReader.maxMessages(config);
    }

    private void requireAttested() {
        if (reader == null) {
            throw new IllegalStateException(
                    "add an AttestedDatagramHandler before the channel is bound, connected or read: without one nobody has said what"
                            + " to ask the kernel for");
        }
    }

    @Override
    public EpollAttestedDatagramChannelConfig config() {
        return config;
    }

    @Override
    public FileDescriptor fd() {
        return socket;
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public boolean isActive() {
        return active && socket.isOpen();
    }

    @Override
    public boolean isConnected() {
        return connected;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public DomainSocketAddress localAddress() {
        return (DomainSocketAddress) super.localAddress();
    }

    @Override
    public DomainSocketAddress remoteAddress() {
        return (DomainSocketAddress) super.remoteAddress();
    }

    @Override
    protected @Nullable DomainSocketAddress localAddress0() {
        return local;
    }

    @Override
    protected @Nullable DomainSocketAddress remoteAddress0() {
        return remote;
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(EpollIoHandle.class);
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new DatagramUnsafe();
    }

    private DatagramUnsafe datagramUnsafe() {
        return (DatagramUnsafe) unsafe();
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        ((IoEventLoop) eventLoop()).register(datagramUnsafe()).addListener(future -> {
            if (future.isSuccess()) {
                registration = (IoRegistration) future.getNow();
                promise.setSuccess();
            } else {
                promise.setFailure(future.cause());
            }
        });
    }

    @Override
    protected void doDeregister() {
        IoRegistration current = registration;
        registration = null;
        ops = EpollIoOps.EPOLLERR;
        if (current != null) {
            current.cancel();
        }
    }

    @Override
    protected void doBind(SocketAddress localAddress) throws Exception {
        requireAttested();
        bindTo(localAddress);
        active = true;
    }

    private void bindTo(SocketAddress localAddress) throws IOException {
        if (!(localAddress instanceof DomainSocketAddress address)) {
            throw new UnsupportedAddressTypeException();
        }
        socket.bind(address);
        local = address.path().isEmpty() ? socket.localDomainSocketAddress() : address;
    }

    private void doConnect(SocketAddress remoteAddress, @Nullable SocketAddress localAddress) throws IOException {
        requireAttested();
        if (!(remoteAddress instanceof DomainSocketAddress address)) {
            throw new UnsupportedAddressTypeException();
        }
        if (connected) {
            throw new AlreadyConnectedException();
        }
        if (localAddress != null) {
            bindTo(localAddress);
        }
        socket.connect(address);
        if (local == null) {
            local = socket.localDomainSocketAddress(); // to which the kernel binds what asks for credentials
        }
        remote = address;
        connected = true;
        active = true;
    }

    @Override
    protected void doDisconnect() throws Exception {
        doClose();
    }

    @Override
    protected void doClose() throws Exception {
        active = false;
        connected = false;
        try {
            doDeregister();
            if (reader != null) {
                reader.release();
            }
        } finally {
            socket.close();
        }
    }

    @Override
    protected void doBeginRead() {
        requireAttested();
        datagramUnsafe().readPending = true;
        submit(ops.with(EpollIoOps.EPOLLIN));
    }

    /** Has the event loop wait for other events than now. */
    private void submit(EpollIoOps wanted) {
        if (!wanted.equals(ops) && registration != null) {
            registration.submit(wanted);
            ops = wanted;
        }
    }

    /** A datagram is about to be delivered: for another somebody must ask. What brings none leaves the read pending. */
    void delivers() {
        datagramUnsafe().readPending = false;
    }

    /** Stops reading, as autoRead was turned off. */
    void stopReading() {
        if (!isRegistered()) {
            return;
        }
        if (eventLoop().inEventLoop()) {
            datagramUnsafe().stopReadingUnlessAsked();
        } else {
            eventLoop().execute(() -> datagramUnsafe().stopReadingUnlessAsked());
        }
    }

    @Override
    protected Object filterOutboundMessage(Object msg) throws Exception {
        if (msg == Unpooled.EMPTY_BUFFER) {
            return msg;
        }
        if (msg instanceof ByteBuf content) {
            requireBytes(content);
            return isSendable(content) ? content : newDirectBuffer(content, content);
        }
        if (msg instanceof AddressedEnvelope<?, ?> envelope
                && envelope.content() instanceof ByteBuf content
                && (envelope.recipient() == null || envelope.recipient() instanceof DomainSocketAddress)) {
            DomainSocketAddress recipient = (DomainSocketAddress) envelope.recipient();
            if (recipient != null && recipient.path().isEmpty()) {
                throw new SocketException("there is no address to send to: the recipient's socket is bound to none");
            }
            requireBytes(content);
            if (isSendable(content)) {
                return msg;
            }
            ByteBuf direct = newDirectBuffer(msg, content);
            return recipient == null ? direct : new DefaultAddressedEnvelope<>(direct, recipient);
        }
        throw new UnsupportedOperationException(
                "unsupported message type: " + msg.getClass().getName()
                        + " (expected: " + DomainDatagramPacket.class.getName()
                        + ", AddressedEnvelope<ByteBuf, DomainSocketAddress>, ByteBuf)");
    }

    private static void requireBytes(ByteBuf content) {
        if (!content.isReadable()) {
            throw new UnsupportedOperationException("an empty datagram cannot be sent");
        }
    }

    private static boolean isSendable(ByteBuf content) {
        return content.isDirect() && content.nioBufferCount() == 1;
    }

    private ByteBuf newDirectBuffer(Object holder, ByteBuf content) {
        ByteBuf direct = alloc().directBuffer(content.readableBytes());
        direct.writeBytes(content, content.readerIndex(), content.readableBytes());
        ReferenceCountUtil.safeRelease(holder);
        return direct;
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        int left = maxMessagesPerWrite();
        Object msg = in.current();
        for (; left > 0 && msg != null; left--, msg = in.current()) {
            try {
                boolean addressed = recipient(msg) != null;
                if (msg == Unpooled.EMPTY_BUFFER || send(msg)) {
                    in.remove();
                } else if (addressed) {
                    in.remove(Errors.newIOException("sendto", Errors.ERRNO_EAGAIN_NEGATIVE));
                } else {
                    break;
                }
            } catch (IOException | NotYetConnectedException e) {
                in.remove(e); // of this recipient alone
            }
        }
        submit(msg == null ? ops.without(EpollIoOps.EPOLLOUT) : ops.with(EpollIoOps.EPOLLOUT));
    }

    private static @Nullable DomainSocketAddress recipient(Object msg) {
        return msg instanceof AddressedEnvelope<?, ?> envelope ? (DomainSocketAddress) envelope.recipient() : null;
    }

    /** Sends a datagram; returns false if there is no room for it now. */
    private boolean send(Object msg) throws IOException {
        ByteBuf content = msg instanceof AddressedEnvelope<?, ?> envelope
                ? (ByteBuf) Objects.requireNonNull(envelope.content())
                : (ByteBuf) msg;
        DomainSocketAddress recipient = recipient(msg);
        int from = content.readerIndex();
        if (content.hasMemoryAddress()) {
            long memory = content.memoryAddress();
            int to = content.writerIndex();
            return (recipient == null
                            ? socket.sendAddress(memory, from, to)
                            : socket.sendToAddressDomainSocket(memory, from, to, bytes(recipient)))
                    > 0;
        }
        var nio = content.internalNioBuffer(from, content.readableBytes());
        return (recipient == null
                        ? socket.send(nio, nio.position(), nio.limit())
                        : socket.sendToDomainSocket(nio, nio.position(), nio.limit(), bytes(recipient)))
                > 0;
    }

    private static byte[] bytes(DomainSocketAddress address) {
        return address.path().getBytes(StandardCharsets.UTF_8);
    }

    private final class DatagramUnsafe extends AbstractUnsafe implements EpollIoHandle {
        private boolean readPending;

        @Override
        public FileDescriptor fd() {
            return socket;
        }

        /** The event loop ends. */
        @Override
        public void close() {
            close(voidPromise());
        }

        @Override
        public void handle(IoRegistration from, IoEvent event) {
            EpollIoOps ready = ((EpollIoEvent) event).ops();
            if (ready.contains(EpollIoOps.EPOLLOUT) && ops.contains(EpollIoOps.EPOLLOUT)) {
                super.flush0();
            }
            if (ready.contains(EpollIoOps.EPOLLIN) || ready.contains(EpollIoOps.EPOLLERR)) {
                read();
            }
        }

        private void read() {
            DatagramReader current = reader;
            if (current == null || !isActive()) {
                return;
            }
            try {
                DomainSocketAddress recipient = local;
                Throwable failure = current.read(recipient == null ? DatagramBurst.UNNAMED : recipient);
                pipeline().fireChannelReadComplete();
                if (failure != null) {
                    pipeline().fireExceptionCaught(failure);
                }
            } finally {
                stopReadingUnlessAsked();
            }
        }

        private void stopReadingUnlessAsked() {
            if (readPending || config.isAutoRead()) {
                return;
            }
            try {
                submit(ops.without(EpollIoOps.EPOLLIN));
            } catch (UncheckedIOException e) {
                pipeline().fireExceptionCaught(e);
                close(voidPromise());
            }
        }

        /** Unless it waits for room already: then the event loop goes on when there is some. */
        @Override
        protected void flush0() {
            if (!ops.contains(EpollIoOps.EPOLLOUT)) {
                super.flush0();
            }
        }

        @Override
        public void connect(SocketAddress remoteAddress, @Nullable SocketAddress localAddress, ChannelPromise promise) {
            if (!promise.setUncancellable() || !ensureOpen(promise)) {
                return;
            }
            boolean wasActive = isActive();
            try {
                doConnect(remoteAddress, localAddress);
            } catch (Throwable t) {
                safeSetFailure(promise, annotateConnectException(t, remoteAddress));
                closeIfClosed();
                return;
            }
            safeSetSuccess(promise);
            if (!wasActive && isActive()) {
                pipeline().fireChannelActive();
            }
        }
    }
}
