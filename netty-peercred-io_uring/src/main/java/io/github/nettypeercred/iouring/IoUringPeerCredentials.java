// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.iouring;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.jni.ConnectTimeCapture;
import io.github.nettypeercred.jni.MessageCapture;
import io.github.nettypeercred.jni.MessageSending;
import io.github.nettypeercred.jni.TransportAvailability;
import io.github.nettypeercred.spi.AttachedIds;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Peer credentials on {@link IoUringDomainSocketChannel}. Applications ask it whether they are to be had; the rest is found by
 * {@link java.util.ServiceLoader}.
 *
 * <p>Call {@link #ensureAvailability()} when the application starts: it loads the native libraries there, and not on an event
 * loop at the first connection.
 */
public final class IoUringPeerCredentials implements PeerCredentialsTransport {
    /** Made by {@link java.util.ServiceLoader}, which skips it where the classes of Netty's transport are missing. */
    public IoUringPeerCredentials() {
        Objects.requireNonNull(IoUringDomainSocketChannel.class);
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
            return TransportAvailability.unavailabilityCause("io_uring", IoUring.class, IoUring.unavailabilityCause());
        } catch (NoClassDefFoundError e) {
            return TransportAvailability.missing("io_uring", e);
        }
    }

    @Override
    public boolean serves(Channel channel) {
        return channel instanceof IoUringDomainSocketChannel;
    }

    @Override
    public PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        int fd = ((IoUringDomainSocketChannel) channel).fd().intValue();
        return ConnectTimeCapture.capture(fd, channel.parent(), request, factory);
    }

    @Override
    public boolean servesChildrenOf(ServerChannel server) {
        return server instanceof IoUringServerDomainSocketChannel;
    }

    @Override
    public @Nullable Absence attestReads(Channel channel, CaptureRequest request) {
        if (!(channel instanceof ServerChannel)
                && channel.config().getOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID) >= 0) {
            return new Absence(
                    AbsenceReason.BUFFER_RING,
                    "the channel reads into a buffer ring, which nobody can look into before a read: do not set"
                            + " IoUringChannelOption.IO_URING_BUFFER_GROUP_ID on it");
        }
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
    public int send(Channel channel, ByteBuffer bytes, AttachedIds ids) throws CredentialsNotSentException {
        return MessageSending.send(fd(channel), bytes, ids);
    }

    @Override
    public Future<?> awaitWritable(Channel channel) {
        return IoUringWritability.await((IoUringDomainSocketChannel) channel);
    }

    @Override
    public @Nullable Future<Void> awaitReadable(EventLoop loop, FileDescriptor descriptor) {
        return IoUringReadability.await(loop, descriptor);
    }

    private static int fd(Channel channel) {
        return ((UnixChannel) channel).fd().intValue();
    }
}
