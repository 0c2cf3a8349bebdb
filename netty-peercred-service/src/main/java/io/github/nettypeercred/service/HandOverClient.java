// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.jni.ServiceCalls.Inode;
import io.github.nettypeercred.jni.ServiceCalls.Listener;
import io.github.nettypeercred.jni.ServiceCalls.Received;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.service.ServiceSocket.Origin;
import io.github.nettypeercred.service.ServiceSocketException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * The successor's side of a hand-over. It asks at {@code PATH.handover}; gets {@link #DESCRIPTORS} with the listening descriptor and one
 * that holds the file; checks both and says {@link #READY}; and serves only after {@link #GO}, which the predecessor sends when it has
 * stopped to accept. So at no moment do both serve, nor neither but by a crash.
 */
final class HandOverClient {
    static final String SUFFIX = ".handover";

    static final int DESCRIPTORS = 'D';
    static final int READY = 'R';
    static final int GO = 'G';

    private static final int CONNECT_MILLIS = 1000;
    private static final int ANSWER_MILLIS = 5000;

    private final SocketFolder folder;
    private final HeldSocket there;
    // Null if the kernel did not say.
    private final @Nullable ServedBy predecessor;

    private HandOverClient(SocketFolder folder, HeldSocket there, @Nullable ServedBy predecessor) {
        this.folder = folder;
        this.there = there;
        this.predecessor = predecessor;
    }

    static Taking.Listening take(SocketFolder folder, HeldSocket there, @Nullable ServedBy predecessor, int backlog)
            throws ServiceSocketException {
        return new HandOverClient(folder, there, predecessor).take(backlog);
    }

    private Taking.Listening take(int backlog) throws ServiceSocketException {
        int connection = -1;
        Taking.Listening received = null;
        boolean done = false;
        try {
            connection = connect();
            received = receive(connection);
            ServiceCalls.send(connection, READY, -1, -1);
            if (!hears(connection, GO)) {
                throw refused("it went away, or did not answer in time", null);
            }
            ServiceCalls.listen(received.fd(), backlog);
            done = true;
            return received;
        } catch (ErrnoException e) {
            throw refused(String.valueOf(e.getMessage()), e);
        } finally {
            if (received != null && !done) {
                received.close();
            }
            if (connection >= 0) {
                ServiceCalls.close(connection);
            }
        }
    }

    private int connect() throws ServiceSocketException, ErrnoException {
        try (HeldSocket control = folder.hold(folder.name + SUFFIX)) {
            if (control == null) {
                throw refused("it offers no hand-over", null);
            }
            int connection = ServiceCalls.connect(control.fd(), CONNECT_MILLIS);
            Answer<Listener> listener = ServiceCalls.listener(connection);
            listener.value().flatMap(known -> known.process().value()).ifPresent(PeerProcess::close);
            long uid = listener.value().map(Listener::uid).orElse(-1L);
            if (uid == 0 || uid == ServiceCalls.ownUid()) {
                return connection;
            }
            ServiceCalls.close(connection);
            throw refused("the hand-over is offered by another user", null);
        }
    }

    private Taking.Listening receive(int connection) throws ServiceSocketException, ErrnoException {
        Received received = ServiceCalls.receive(connection, ANSWER_MILLIS);
        boolean good = false;
        try {
            if (received.data() != DESCRIPTORS || received.first() < 0 || received.second() < 0) {
                throw refused("it sent something else than descriptors", null);
            }
            ServiceCalls.listenerPath(received.first()); // or it is no socket that listens
            Inode inode = ServiceCalls.stat(received.second(), null);
            if (!inode.isSame(there.inode())) {
                throw refused("what it sent is not the socket there", null);
            }
            ServiceCalls.adopt(received.first());
            good = true;
            return new Taking.Listening(received.first(), new HeldSocket(received.second(), inode), Origin.HANDED_OVER);
        } finally {
            if (!good) {
                close(received.first());
                close(received.second());
            }
        }
    }

    /** Waits for a byte. Afterwards either it came, or the other side knows by the failure to send it that it never will. */
    private static boolean hears(int connection, int expected) throws ErrnoException {
        try {
            return is(expected, ServiceCalls.receive(connection, ANSWER_MILLIS));
        } catch (ErrnoException e) {
            if (!e.isTryAgain()) {
                return false;
            }
        }
        ServiceCalls.refuseMore(connection);
        try {
            return is(expected, ServiceCalls.receive(connection, 0));
        } catch (ErrnoException e) {
            return false;
        }
    }

    private static boolean is(int expected, Received received) {
        close(received.first());
        close(received.second());
        return received.data() == expected;
    }

    private static void close(int fd) {
        if (fd >= 0) {
            ServiceCalls.close(fd);
        }
    }

    private ServiceSocketException refused(String why, @Nullable Throwable cause) {
        return new ServiceSocketException(
                Reason.SERVED,
                folder.path + ": is served by " + (predecessor == null ? "somebody" : predecessor)
                        + ", which did not hand it over: " + why,
                cause,
                predecessor);
    }
}
