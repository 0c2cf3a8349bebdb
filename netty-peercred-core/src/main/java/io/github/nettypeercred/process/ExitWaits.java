// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;

/** Finds the transport that can wait for a process descriptor on an event loop. */
final class ExitWaits {
    private static final List<PeerCredentialsTransport> TRANSPORTS = load();

    private ExitWaits() {}

    /** Waits on the event loop, which owns the descriptor from now on, also where it cannot wait. */
    static Future<Void> begin(EventLoop loop, int pidfd) {
        FileDescriptor descriptor = new FileDescriptor(pidfd);
        try {
            for (PeerCredentialsTransport transport : TRANSPORTS) {
                Future<Void> wait = transport.awaitReadable(loop, descriptor);
                if (wait != null) {
                    return wait;
                }
            }
        } catch (RuntimeException e) {
            close(descriptor);
            return loop.newFailedFuture(e);
        }
        close(descriptor);
        return loop.newFailedFuture(new AbsentException(new Absence(
                AbsenceReason.NO_TRANSPORT,
                "no transport module waits for a process on " + loop.getClass().getName()
                        + ": use an event loop of epoll or io_uring, and Netty 4.2")));
    }

    private static void close(FileDescriptor descriptor) {
        try {
            descriptor.close();
        } catch (IOException e) {
            // It is closed all the same: close(2).
        }
    }

    private static List<PeerCredentialsTransport> load() {
        List<PeerCredentialsTransport> found = new ArrayList<>();
        Iterator<ServiceLoader.Provider<PeerCredentialsTransport>> providers =
                ServiceLoader.load(PeerCredentialsTransport.class, PeerCredentialsTransport.class.getClassLoader())
                        .stream()
                        .iterator();
        while (providers.hasNext()) {
            try {
                found.add(providers.next().get());
            } catch (Throwable t) {
                // One whose Netty classes are missing serves no event loop either; captures tell of it in the log.
            }
        }
        return found;
    }
}
