// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.kqueue;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.jni.ConnectTimeCapture;
import io.github.nettypeercred.jni.DatagramCapture;
import io.github.nettypeercred.jni.MessageCapture;
import io.github.nettypeercred.jni.MessageSending;
import io.github.nettypeercred.jni.TransportAvailability;
import io.github.nettypeercred.spi.AttachedIds;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeekedDatagram;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.kqueue.KQueue;
import io.netty.channel.kqueue.KQueueDomainDatagramChannel;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.kqueue.KQueueServerDomainSocketChannel;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Peer credentials on {@link KQueueDomainSocketChannel} and {@link KQueueDomainDatagramChannel}. Applications ask it whether they are
 * to be had; the rest is found by {@link java.util.ServiceLoader}.
 *
 * <p>Call {@link #ensureAvailability()} when the application starts: it loads the native libraries there, and not on an event
 * loop at the first connection. Netty publishes its own for macOS alone; on another system build it there.
 *
 * <p>What the system lacks is refused as {@link io.github.nettypeercred.AbsenceReason#UNSUPPORTED}: macOS and OpenBSD attach no
 * credentials to messages, NetBSD to the first message of a stream alone. No BSD gives a process handle.
 */
public final class KQueuePeerCredentials implements PeerCredentialsTransport {
    /** How long to wait before a socket is tried again that had no room. */
    private static final int RETRY_MILLIS = 10;

    /** Made by {@link java.util.ServiceLoader}, which skips it where the classes of Netty's transport are missing. */
    public KQueuePeerCredentials() {
        Objects.requireNonNull(KQueueDomainSocketChannel.class);
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
            return TransportAvailability.unavailabilityCause("kqueue", KQueue.class, KQueue.unavailabilityCause());
        } catch (NoClassDefFoundError e) {
            return TransportAvailability.missing("kqueue", e);
        }
    }

    @Override
    public boolean serves(Channel channel) {
        return channel instanceof KQueueDomainSocketChannel;
    }

    // Not the channel's peerCredentials(): it asks at level SOL_SOCKET, where option 1, LOCAL_PEERCRED, is SO_DEBUG.
    @Override
    public PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return ConnectTimeCapture.capture(fd(channel), channel.parent(), request, factory);
    }

    @Override
    public boolean servesChildrenOf(ServerChannel server) {
        return server instanceof KQueueServerDomainSocketChannel;
    }

    @Override
    public @Nullable Absence attestReads(Channel channel, CaptureRequest request) {
        return MessageCapture.begin(fd(channel), channel.parent(), request);
    }

    @Override
    public @Nullable Absence attestEveryRead(Channel channel, CaptureRequest request) {
        return MessageCapture.beginEvery(fd(channel), request);
    }

    @Override
    public void endAttestedReads(Channel channel, CaptureRequest request) {
        MessageCapture.end(fd(channel), request);
    }

    @Override
    public @Nullable Absence refuseDescriptors(Channel channel) {
        return MessageCapture.refuseDescriptors(fd(channel));
    }

    // Why a look in allocate() is enough on kqueue, by the source of Netty 4.2.18:
    //
    // - A change of sender ends a read short of its buffer, and KQueueRecvByteAllocatorHandle.maybeMoreDataToRead()
    // takes that for all
    //   there was. Netty hears of the rest again because it registers level-triggered: Native.READ_ENABLED_OPS is
    // EV_ADD | EV_ENABLE,
    //   without EV_CLEAR, which its comments still speak of. So does a burst that ends because a look found nothing.
    // - Netty wraps our handle, so that its allocate() calls ours right before each read; but once it has seen EV_EOF
    // its
    //   continueReading() is true without asking ours (readEOF), for the channel's life. Each read then has a look of
    // its own in
    //   allocate(), and no byte can come in between: the other end is gone.
    // - EV_EOF, and on macOS NOTE_RDHUP, read without a read() that was asked for, as EPOLLRDHUP does.
    @Override
    public @Nullable PeerCredentialsResult peek(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return MessageCapture.peek(fd(channel), request, factory);
    }

    @Override
    public boolean servesDatagrams(Channel channel) {
        return channel instanceof KQueueDomainDatagramChannel;
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

    // By a timer, since the number of EVFILT_WRITE differs by system (NetBSD: 1, the others: -2) and Netty keeps it to
    // itself.
    @Override
    public Future<?> awaitWritable(Channel channel) {
        return channel.eventLoop().schedule(() -> {}, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    private static int fd(Channel channel) {
        return ((UnixChannel) channel).fd().intValue();
    }
}
