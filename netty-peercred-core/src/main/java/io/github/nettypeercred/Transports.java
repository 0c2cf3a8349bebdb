// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.channel.unix.DomainSocketChannel;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;

/** The transports on the class path, and the one capture that asks the right one. */
final class Transports {
    /** A loader that cannot list its services fails again at every call. */
    private static final int MOST_FAILURES = 100;

    private static final PeerCredentialsTransport[] ALL = load();

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
                    "a datagram socket has no peer: each datagram has a sender of its own");
        }
        if (type.equals("io.netty.channel.socket.nio.NioDomainSocketChannel")) {
            return new Absence(
                    AbsenceReason.NO_TRANSPORT,
                    "NioDomainSocketChannel gives nobody its descriptor: use EpollDomainSocketChannel with"
                            + " netty-peercred-epoll, or IoUringDomainSocketChannel with netty-peercred-io_uring");
        }
        if (channel instanceof DomainSocketChannel) {
            String module = type.startsWith("io.netty.channel.epoll.")
                    ? "netty-peercred-epoll"
                    : type.startsWith("io.netty.channel.uring.") ? "netty-peercred-io_uring" : null;
            return new Absence(
                    AbsenceReason.NO_TRANSPORT,
                    module == null
                            ? "no netty-peercred transport module serves " + type
                            : "add " + module + " to the class path: it serves " + type);
        }
        return new Absence(
                AbsenceReason.NOT_UNIX_SOCKET,
                type + " is no Unix domain socket, and only those have peer credentials: serve this handler on"
                        + " EpollServerDomainSocketChannel or IoUringServerDomainSocketChannel");
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
