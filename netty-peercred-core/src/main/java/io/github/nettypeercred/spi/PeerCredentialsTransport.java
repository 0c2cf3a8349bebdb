// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.PeerCredentialsResult;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * How credentials are captured on the channels of one Netty transport. Implementations are found by {@link
 * java.util.ServiceLoader}, have no state of a channel and are called by many event loops at once.
 *
 * <p>Where the classes of its channels are missing, as those of io_uring are beside Netty 4.1, an implementation must fail
 * when it is made: it is then skipped. One that fails later fails every capture.
 */
public interface PeerCredentialsTransport {
    /**
     * Tells whether this transport captures on a channel, by its class alone.
     *
     * @param channel any channel
     * @return whether {@link #capture} may be called for it
     */
    boolean serves(Channel channel);

    /**
     * Captures, without blocking. Called on the channel's event loop, or on the accepting channel's before the channel is
     * registered, and only while the channel is open.
     *
     * @param channel a channel that this transport serves
     * @param request what to ask for beyond the ids
     * @param factory makes the result
     * @return what the factory made, or an absence
     */
    PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory);

    /**
     * Tells whether this transport serves the channels that a server channel accepts, by its class alone.
     *
     * @param server any server channel
     * @return whether {@link #attestReads} may be called for it
     */
    default boolean servesChildrenOf(ServerChannel server) {
        return false;
    }

    /**
     * Has the kernel attach the sender's credentials to what the channel reads from now on; of a server channel, to
     * what the channels read that it accepts from now on. Called on the channel's event loop, while it is open, with Netty 4.2
     * alone.
     *
     * @param channel a channel that this transport serves, or whose children it serves
     * @param request what to ask for beyond the ids: the sender's label and process; groups come with no message
     * @return null if that is done; else why it cannot work on this channel, with the name of the option to change
     */
    default @Nullable Absence attestReads(Channel channel, CaptureRequest request) {
        return new Absence(
                AbsenceReason.UNSUPPORTED, getClass().getName() + " does not know the sender of what a channel reads");
    }

    /**
     * As {@link #attestReads}, where every read is to be attested: some systems attach credentials to one message of a stream
     * alone, as NetBSD does.
     *
     * @param channel a channel that this transport serves
     * @param request as there
     * @return null if that is done; else why it cannot work on this channel, with what can be done instead
     */
    default @Nullable Absence attestEveryRead(Channel channel, CaptureRequest request) {
        return attestReads(channel, request);
    }

    /**
     * Ends what {@link #attestReads} began. Called on the channel's event loop, while it is open.
     *
     * @param channel a channel for which {@link #attestReads} or {@link #attestEveryRead} returned null
     * @param request the same as there
     */
    default void endAttestedReads(Channel channel, CaptureRequest request) {}

    /**
     * Has the kernel refuse it to those who send to the channel, or to the channels that a server channel accepts from now on, that
     * they pass descriptors. Called on the channel's event loop, while it is open.
     *
     * @param channel a channel that this transport serves, or whose children it serves
     * @return null if that is done, else why not
     */
    default @Nullable Absence refuseDescriptors(Channel channel) {
        return new Absence(AbsenceReason.UNSUPPORTED, getClass().getName() + " cannot refuse descriptors");
    }

    /**
     * Looks who sent the bytes that the channel's next read returns, without blocking and without taking them. Called on the
     * channel's event loop, right before that read, while the channel is open.
     *
     * @param channel a channel for which {@link #attestReads} or {@link #attestEveryRead} returned null
     * @param request the same as there
     * @param factory makes the credentials
     * @return what the factory made, or an absence; null if there is nothing to be read now. {@link AbsenceReason#NO_DATA} means
     *     the end of the stream. {@link AbsenceReason#FAILED} with an errno means an error of the socket, which no later call
     *     reports again
     */
    default @Nullable PeerCredentialsResult peek(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return attestReads(channel, request);
    }

    /**
     * Tells whether this transport can look at the datagrams of a channel, by its class alone.
     *
     * @param channel any channel
     * @return whether {@link #attestDatagrams} may be called for it
     */
    default boolean servesDatagrams(Channel channel) {
        return false;
    }

    /**
     * Has the kernel attach the sender's credentials to the datagrams that the channel reads from now on. Called on the channel's
     * event loop, while it is open, with Netty 4.2 alone.
     *
     * @param channel a channel whose datagrams this transport serves
     * @param request what to ask for beyond the ids: the sender's label and process; groups come with no message
     * @return null if that is done, else why not
     */
    default @Nullable Absence attestDatagrams(Channel channel, CaptureRequest request) {
        return attestReads(channel, request);
    }

    /**
     * Looks who sent the datagram that the channel's next read takes, without blocking and without taking it. Called on the
     * channel's event loop, right before that read, while the channel is open.
     *
     * @param channel a channel for which {@link #attestDatagrams} returned null
     * @param request the same as there
     * @param factory makes the credentials
     * @return what was seen; null if there is nothing to be read now
     */
    default @Nullable PeekedDatagram peekDatagram(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return null;
    }

    /**
     * Sends bytes with credentials attached, as far as there is room, by one system call and without blocking; on a connected channel
     * for datagrams, as one. Called on the channel's event loop, while the channel is active and nothing that Netty has to send waits or
     * is on its way.
     *
     * @param channel a channel that this transport serves, or whose datagrams it serves
     * @param bytes a direct buffer with bytes remaining; its position and limit stay as they are
     * @param ids whose credentials to attach
     * @return how many bytes were sent, all with the credentials; 0 if there is no room now
     * @throws CredentialsNotSentException if nothing was sent
     */
    default int send(Channel channel, ByteBuffer bytes, AttachedIds ids) throws CredentialsNotSentException {
        throw new CredentialsNotSentException(
                CredentialsNotSentException.Reason.UNSUPPORTED,
                getClass().getName() + " does not attach credentials to what a channel sends",
                0);
    }

    /**
     * Waits until a channel for which {@link #send} returned 0 may take bytes, or has an error that sending will tell. Called on
     * its event loop, while the channel is open.
     *
     * @param channel a channel that this transport serves
     * @return succeeds then, on the event loop; cancel it there to end the wait. Once it is done nothing of the wait is left
     * @throws IOException if there is nothing to wait with, such as EMFILE
     */
    default Future<?> awaitWritable(Channel channel) throws IOException {
        throw new IOException(getClass().getName() + " does not wait until a channel takes bytes");
    }

    /**
     * Waits on an event loop until a descriptor, other than that of a channel, is readable. May be called from any thread.
     *
     * @param loop any event loop
     * @param descriptor a descriptor that nobody else closes: it is taken over, and closed once the future is done, unless null is
     *     returned
     * @return succeeds on the event loop; cancel it to end the wait. It is cancelled when the event loop shuts down, and fails if the
     *     event loop cannot wait. Null if the event loop does not run this transport's channels, or runs them with Netty 4.1
     */
    default @Nullable Future<Void> awaitReadable(EventLoop loop, FileDescriptor descriptor) {
        return null;
    }
}
