// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.AttachedIds;
import io.github.nettypeercred.spi.AttestingDatagramChannel;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeekedDatagram;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.ServerDomainSocketChannel;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** The transports on the class path, and the one capture that asks the right one. */
final class Transports {
    /** A loader that cannot list its services fails again at every call. */
    private static final int MOST_FAILURES = 100;

    private static final PeerCredentialsTransport[] ALL = load();

    /** Netty 4.1 has no such class: its edge-triggered epoll hangs where the kernel ends a read at a change of sender. */
    private static final boolean CAN_ATTEST_READS = exists(Channel.class.getPackageName() + ".IoEventLoop");

    private static final Absence NETTY_41 = new Absence(
            AbsenceReason.UNSUPPORTED,
            "the sender of what is read is not to be had with Netty 4.1: use Netty 4.2, or capture at connect");

    static final Absence CLOSED =
            new Absence(AbsenceReason.CLOSED, "the channel was closed before its credentials were captured");

    private Transports() {}

    /**
     * Captures on an open channel. Runs on its event loop, or on its acceptor's before it is registered.
     *
     * @return credentials or an absence; whatever a transport throws comes back as an absence too
     */
    static PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        if (!channel.isOpen()) {
            return CLOSED;
        }
        try {
            for (PeerCredentialsTransport transport : ALL) {
                if (transport.serves(channel)) {
                    PeerCredentialsResult result = Objects.requireNonNull(
                            transport.capture(channel, request, factory), "the transport's answer");
                    if (result instanceof Absence absence && absence.reason() == AbsenceReason.UNAVAILABLE) {
                        Log.warnOnce(absence);
                    }
                    return result;
                }
            }
            Absence absence = unserved(channel);
            Log.warnOnce(absence);
            return absence;
        } catch (Throwable t) {
            Log.debug("capture failed on {}", channel, t);
            return new Absence(AbsenceReason.FAILED, "the capture threw " + t);
        }
    }

    private static boolean exists(String name) {
        try {
            Class.forName(name, false, Channel.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    /**
     * Has the kernel attach the sender's credentials to what the channel, or the children of a server channel, read, or at least to
     * the first of it. Runs on its event loop.
     *
     * @return null if that is done, else why it cannot be
     */
    static @Nullable Absence attestReads(Channel channel, CaptureRequest request, boolean every) {
        if (!channel.isOpen()) {
            return CLOSED;
        }
        if (!CAN_ATTEST_READS) {
            return NETTY_41;
        }
        if (channel instanceof DomainSocketChannel child
                && child.config().getReadMode() == DomainSocketReadMode.FILE_DESCRIPTORS) {
            // It may have the option from the listening socket, and Netty on io_uring then takes a pid for a
            // descriptor.
            endAttestedReads(channel, request);
            return new Absence(
                    AbsenceReason.FILE_DESCRIPTORS,
                    "the channel reads descriptors, which leave no room for credentials: set"
                            + " UnixChannelOption.DOMAIN_SOCKET_READ_MODE to BYTES while it is to be known who sends");
        }
        try {
            PeerCredentialsTransport transport = serving(channel);
            Absence absence = transport == null
                    ? unserved(channel)
                    : every ? transport.attestEveryRead(channel, request) : transport.attestReads(channel, request);
            if (absence != null && !(channel instanceof ServerChannel)) {
                Log.warnOnce(absence);
            }
            return absence;
        } catch (Throwable t) {
            Log.debug("attesting reads failed on {}", channel, t);
            return new Absence(AbsenceReason.FAILED, "attesting reads threw " + t);
        }
    }

    /** Ends what {@link #attestReads} began, if the channel is still open. Runs on its event loop. */
    static void endAttestedReads(Channel channel, CaptureRequest request) {
        try {
            PeerCredentialsTransport transport = channel.isOpen() ? serving(channel) : null;
            if (transport != null) {
                transport.endAttestedReads(channel, request);
            }
        } catch (Throwable t) {
            Log.debug("reads stay attested on {}", channel, t);
        }
    }

    /**
     * Has the kernel refuse descriptors, where it can, to those who send to the channel or to the children of a server channel.
     * Done on its event loop, at once if this is that.
     */
    static void refuseDescriptors(Channel channel) {
        try {
            if (!channel.eventLoop().inEventLoop()) {
                channel.eventLoop().execute(() -> refuseDescriptors(channel));
                return;
            }
            PeerCredentialsTransport transport = channel.isOpen() ? serving(channel) : null;
            if (transport == null && channel.isOpen()) {
                transport = servingDatagrams(channel);
            }
            Absence absence = transport == null ? unserved(channel) : transport.refuseDescriptors(channel);
            if (absence != null) {
                Log.debug("{}: peers may pass descriptors on {}", absence, channel);
            }
        } catch (Throwable t) {
            Log.debug("peers may pass descriptors on {}", channel, t);
        }
    }

    /** Looks who sent what the next read returns; whatever a transport throws comes back as an absence. */
    static @Nullable PeerCredentialsResult peek(Channel channel, CaptureRequest request, MessageTime moment) {
        try {
            PeerCredentialsTransport transport = channel.isOpen() ? serving(channel) : null;
            return transport == null ? null : transport.peek(channel, request, moment);
        } catch (Throwable t) {
            Log.debug("a look at the next read failed on {}", channel, t);
            return new Absence(AbsenceReason.FAILED, "the look at the next read threw " + t);
        }
    }

    /**
     * Has the kernel attach the sender's credentials to the datagrams that the channel reads. Runs on its event loop.
     *
     * @return null if that is done, else why it cannot be
     */
    static @Nullable Absence attestDatagrams(Channel channel, CaptureRequest request) {
        if (!channel.isOpen()) {
            return CLOSED;
        }
        if (!CAN_ATTEST_READS) {
            return NETTY_41;
        }
        try {
            Absence absence;
            if (channel instanceof AttestingDatagramChannel own) {
                absence = own.attest(request, DatagramTime.INSTANCE);
            } else {
                PeerCredentialsTransport transport = servingDatagrams(channel);
                absence = transport == null ? unservedDatagrams(channel) : transport.attestDatagrams(channel, request);
            }
            if (absence != null) {
                Log.warnOnce(absence);
            }
            return absence;
        } catch (Throwable t) {
            Log.debug("attesting datagrams failed on {}", channel, t);
            return new Absence(AbsenceReason.FAILED, "attesting datagrams threw " + t);
        }
    }

    /** Looks who sent the datagram that the next read takes; whatever a transport throws comes back as an absence. */
    static @Nullable PeekedDatagram peekDatagram(Channel channel, CaptureRequest request) {
        try {
            PeerCredentialsTransport transport = channel.isOpen() ? servingDatagrams(channel) : null;
            return transport == null ? null : transport.peekDatagram(channel, request, MessageTime.DATAGRAM);
        } catch (Throwable t) {
            Log.debug("a look at the next datagram failed on {}", channel, t);
            return new PeekedDatagram(
                    new Absence(AbsenceReason.FAILED, "the look at the next datagram threw " + t),
                    PeekedDatagram.NO_LENGTH);
        }
    }

    private static @Nullable PeerCredentialsTransport servingDatagrams(Channel channel) {
        for (PeerCredentialsTransport transport : ALL) {
            if (transport.servesDatagrams(channel)) {
                return transport;
            }
        }
        return null;
    }

    private static Absence unservedDatagrams(Channel channel) {
        String type = channel.getClass().getName();
        if (channel instanceof DomainDatagramChannel) {
            return new Absence(AbsenceReason.NO_TRANSPORT, missingModule(type));
        }
        if (channel instanceof DomainSocketChannel || channel instanceof ServerChannel) {
            return new Absence(
                    AbsenceReason.UNSUPPORTED,
                    type + " is no datagram channel: add PeerCredentialsHandler to the pipelines of connections");
        }
        return new Absence(
                AbsenceReason.NOT_UNIX_SOCKET,
                type + " is no channel for Unix datagrams"
                        + (type.startsWith("io.netty.channel.uring.") ? ", of which io_uring has none" : "")
                        + ": use EpollAttestedDatagramChannel of netty-peercred-epoll, or EpollDomainDatagramChannel, on an event"
                        + " loop of epoll, or KQueueDomainDatagramChannel on one of kqueue");
    }

    /** Why nothing can be sent with credentials on a channel; null if it can be tried. */
    static @Nullable Absence whyNotSend(Channel channel) {
        if (!CAN_ATTEST_READS) {
            return new Absence(
                    AbsenceReason.UNSUPPORTED,
                    "credentials are not attached to what is sent with Netty 4.1: use Netty 4.2");
        }
        return sendingOn(channel) == null ? unserved(channel) : null;
    }

    private static @Nullable PeerCredentialsTransport sendingOn(Channel channel) {
        PeerCredentialsTransport transport = serving(channel);
        return transport == null ? servingDatagrams(channel) : transport;
    }

    /** Sends bytes with credentials; whatever a transport throws comes as the typed failure. Runs on the channel's event loop. */
    static int send(Channel channel, ByteBuffer bytes, AttachedIds ids) throws CredentialsNotSentException {
        try {
            return Objects.requireNonNull(sendingOn(channel)).send(channel, bytes, ids);
        } catch (CredentialsNotSentException e) {
            throw e;
        } catch (Throwable t) {
            CredentialsNotSentException failure = new CredentialsNotSentException(
                    CredentialsNotSentException.Reason.FAILED, "sending with credentials threw " + t, 0);
            failure.initCause(t);
            throw failure;
        }
    }

    /** Waits until a channel takes bytes. Runs on its event loop. */
    static Future<?> awaitWritable(Channel channel) {
        try {
            return Objects.requireNonNull(sendingOn(channel)).awaitWritable(channel);
        } catch (Throwable t) {
            return channel.eventLoop().newFailedFuture(t);
        }
    }

    private static @Nullable PeerCredentialsTransport serving(Channel channel) {
        for (PeerCredentialsTransport transport : ALL) {
            if (transport.serves(channel)
                    || (channel instanceof ServerChannel server && transport.servesChildrenOf(server))) {
                return transport;
            }
        }
        return null;
    }

    private static String missingModule(String type) {
        String module = type.startsWith("io.netty.channel.epoll.")
                ? "netty-peercred-epoll"
                : type.startsWith("io.netty.channel.uring.")
                        ? "netty-peercred-io_uring"
                        : type.startsWith("io.netty.channel.kqueue.") ? "netty-peercred-kqueue" : null;
        return module == null
                ? "no netty-peercred transport module serves " + type
                : "add " + module + " to the class path: it serves " + type;
    }

    /** Why nothing is known of the peers of those that a server channel accepts; null if it can be tried. */
    static @Nullable Absence whyNotChildrenOf(ServerChannel server) {
        for (PeerCredentialsTransport transport : ALL) {
            if (transport.servesChildrenOf(server)) {
                return null;
            }
        }
        String type = server.getClass().getName();
        if (type.equals("io.netty.channel.socket.nio.NioServerDomainSocketChannel")) {
            return new Absence(
                    AbsenceReason.NO_TRANSPORT,
                    "NioServerDomainSocketChannel gives nobody the descriptors of its connections: use"
                            + " EpollServerDomainSocketChannel with netty-peercred-epoll, IoUringServerDomainSocketChannel with"
                            + " netty-peercred-io_uring, or KQueueServerDomainSocketChannel with netty-peercred-kqueue");
        }
        return server instanceof ServerDomainSocketChannel
                ? new Absence(AbsenceReason.NO_TRANSPORT, missingModule(type))
                : new Absence(
                        AbsenceReason.NOT_UNIX_SOCKET,
                        type + " accepts no connections of Unix domain sockets that are known here");
    }

    private static Absence unserved(Channel channel) {
        String type = channel.getClass().getName();
        if (channel instanceof ServerChannel) {
            return new Absence(
                    AbsenceReason.NOT_CONNECTED,
                    "this is the listening channel: add PeerCredentialsHandler to the pipelines of its children, in"
                            + " childHandler(..), or PeerCredentialsAcceptHandler here");
        }
        if (channel instanceof EmbeddedChannel) {
            return new Absence(
                    AbsenceReason.NOT_UNIX_SOCKET,
                    "an EmbeddedChannel has no peer: in a test, put a PretendedPeer of netty-peercred-testing on it before"
                            + " the handler is added");
        }
        if (channel instanceof DomainDatagramChannel) {
            return new Absence(
                    AbsenceReason.NOT_CONNECTED,
                    "a datagram socket has no peer: each datagram has a sender of its own, which AttestedDatagramHandler"
                            + " captures");
        }
        if (type.equals("io.netty.channel.socket.nio.NioDomainSocketChannel")) {
            return new Absence(
                    AbsenceReason.NO_TRANSPORT,
                    "NioDomainSocketChannel gives nobody its descriptor: use EpollDomainSocketChannel with"
                            + " netty-peercred-epoll, IoUringDomainSocketChannel with netty-peercred-io_uring, or"
                            + " KQueueDomainSocketChannel with netty-peercred-kqueue");
        }
        if (channel instanceof DomainSocketChannel) {
            return new Absence(AbsenceReason.NO_TRANSPORT, missingModule(type));
        }
        return new Absence(
                AbsenceReason.NOT_UNIX_SOCKET,
                type + " is no Unix domain socket, and only those have peer credentials: serve this handler on"
                        + " EpollServerDomainSocketChannel, IoUringServerDomainSocketChannel or KQueueServerDomainSocketChannel");
    }

    private static PeerCredentialsTransport[] load() {
        List<PeerCredentialsTransport> found = new ArrayList<>();
        Iterator<PeerCredentialsTransport> providers = ServiceLoader.load(
                        PeerCredentialsTransport.class, PeerCredentialsTransport.class.getClassLoader())
                .iterator();
        int failures = 0;
        while (failures < MOST_FAILURES) {
            try {
                if (!providers.hasNext()) {
                    break;
                }
                found.add(providers.next());
            } catch (Throwable t) {
                // A transport whose Netty classes are missing, such as io_uring's beside Netty 4.1, serves no channel.
                Log.debug("a transport cannot be loaded", t);
                failures++;
            }
        }
        return found.toArray(new PeerCredentialsTransport[0]);
    }
}
