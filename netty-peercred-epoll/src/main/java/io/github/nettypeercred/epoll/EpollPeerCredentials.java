// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.epoll;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.jni.ConnectTimeCapture;
import io.github.nettypeercred.jni.DatagramCapture;
import io.github.nettypeercred.jni.MessageCapture;
import io.github.nettypeercred.jni.MessageSending;
import io.github.nettypeercred.jni.TransportAvailability;
import io.github.nettypeercred.spi.AttachedIds;
import io.github.nettypeercred.spi.AttestingDatagramChannel;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeekedDatagram;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Peer credentials on {@link EpollDomainSocketChannel}. Applications ask it whether they are to be had; the rest is found by
 * {@link java.util.ServiceLoader}.
 *
 * <p>Call {@link #ensureAvailability()} when the application starts: it loads the native libraries there, and not on an event
 * loop at the first connection.
 */
public final class EpollPeerCredentials implements PeerCredentialsTransport {
    /** Made by {@link java.util.ServiceLoader}, which skips it where the classes of Netty's transport are missing. */
    public EpollPeerCredentials() {
        Objects.requireNonNull(EpollDomainSocketChannel.class);
    }

    /**
     * Tells whether credentials can be captured on this transport here: both Netty's native library and that of
     * netty-peercred are loaded.
     *
     * @return whether they can
     */
    public static boolean isAvailable() {
        return unavailabilityCause() == null;
    }

    /**
     * Makes sure that credentials can be captured on this transport here.
     *
     * @throws UnsatisfiedLinkError if not; its cause is {@link #unavailabilityCause()}
     */
    public static void ensureAvailability() {
        TransportAvailability.ensure(unavailabilityCause());
    }

    /**
     * Returns why credentials cannot be captured on this transport here.
     *
     * @return the cause, whose message says what to do; null if they can
     */
    public static @Nullable Throwable unavailabilityCause() {
        try {
            return TransportAvailability.unavailabilityCause("epoll", Epoll.class, Epoll.unavailabilityCause());
        } catch (NoClassDefFoundError e) {
            return TransportAvailability.missing("epoll", e);
        }
    }

    @Override
    public boolean serves(Channel channel) {
        return channel instanceof EpollDomainSocketChannel;
    }

    @Override
    public PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        int fd = ((EpollDomainSocketChannel) channel).fd().intValue();
        return ConnectTimeCapture.capture(fd, channel.parent(), request, factory);
    }

    @Override
    public boolean servesChildrenOf(ServerChannel server) {
        return server instanceof EpollServerDomainSocketChannel;
    }

    @Override
    public @Nullable Absence attestReads(Channel channel, CaptureRequest request) {
        return MessageCapture.begin(fd(channel), channel.parent(), request);
    }

    @Override
    public void endAttestedReads(Channel channel, CaptureRequest request) {
        MessageCapture.end(fd(channel), request);
    }

    @Override
    public @Nullable Absence refuseDescriptors(Channel channel) {
        return MessageCapture.refuseDescriptors(fd(channel));
    }

    @Override
    public @Nullable PeerCredentialsResult peek(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return MessageCapture.peek(fd(channel), request, factory);
    }

    @Override
    public boolean servesDatagrams(Channel channel) {
        return channel instanceof EpollDomainDatagramChannel || channel instanceof AttestingDatagramChannel;
    }

    @Override
    public @Nullable Absence attestDatagrams(Channel channel, CaptureRequest request) {
        return DatagramCapture.begin(fd(channel), request);
    }

    @Override
    public @Nullable PeekedDatagram peekDatagram(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return DatagramCapture.peek(fd(channel), request, factory);
    }

    @Override
    public int send(Channel channel, ByteBuffer bytes, AttachedIds ids) throws CredentialsNotSentException {
        return MessageSending.send(fd(channel), bytes, ids);
    }

    @Override
    public Future<?> awaitWritable(Channel channel) throws IOException {
        return EpollWritability.await((UnixChannel) channel);
    }

    @Override
    public @Nullable Future<Void> awaitReadable(EventLoop loop, FileDescriptor descriptor) {
        try {
            return EpollReadability.await(loop, descriptor);
        } catch (LinkageError e) {
            return null; // Netty 4.1 has no IoHandle
        }
    }

    private static int fd(Channel channel) {
        return ((UnixChannel) channel).fd().intValue();
    }
}
