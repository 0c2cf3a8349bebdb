// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The file of the socket that this program binds: makes room for it, and takes it away again at exit if it is still the
 * same. The server channel stays open until the process ends: Netty would delete whatever lies at its path.
 */
final class BoundSocket {
    private final SocketPath path;
    private volatile @Nullable Object ours;

    private BoundSocket(SocketPath path) {
        this.path = path;
    }

    /** Makes room: removes a stale socket, and refuses to touch anything else. */
    static BoundSocket makeRoom(SocketPath path) throws Failure, InterruptedException {
        Optional<SocketPath.Kind> kind = path.kind(LinkOption.NOFOLLOW_LINKS);
        if (kind.isPresent()) {
            if (kind.get() != SocketPath.Kind.SOCKET) {
                throw path.failure("is taken by " + kind.get());
            }
            removeStale(path);
        }
        BoundSocket socket = new BoundSocket(path);
        Runtime.getRuntime().addShutdownHook(new Thread(socket::remove, "remove the socket"));
        return socket;
    }

    private static void removeStale(SocketPath path) throws Failure, InterruptedException {
        try {
            Object key = key(path);
            try (ListenerConnection served = ListenerConnection.open(path)) {
                throw path.failure("is served already, by " + who(served));
            } catch (NobodyListens stale) {
                if (key.equals(key(path))) {
                    Files.delete(path.path());
                }
            }
        } catch (IOException e) {
            throw new Failure(path.text() + ": the stale socket there cannot be removed: " + e, e);
        }
    }

    private static String who(ListenerConnection served) {
        PeerCredentialsResult result = served.listener();
        if (!(result instanceof UnixPeerCredentials listener)) {
            return "somebody unknown: " + result.absence().orElseThrow();
        }
        String gone = Liveness.of(served.process()) == Liveness.GONE
                ? " (that process is gone; another one that inherited the socket serves)"
                : "";
        return "pid "
                + (listener.pid().isPresent() ? "" + listener.pid().getAsInt() : "not visible here")
                + ", uid " + listener.uid() + gone;
    }

    /** Remembers the file that was bound, and sets its mode. */
    void bound(@Nullable SocketMode mode) throws IOException {
        ours = key(path);
        if (mode != null) {
            Files.setPosixFilePermissions(path.path(), mode.permissions());
        }
    }

    /** Device and inode. They stay this file's own as long as the socket is open, which keeps the inode in use. */
    private static Object key(SocketPath path) throws IOException {
        return Files.readAttributes(path.path(), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    private void remove() {
        try {
            Object key = ours;
            if (key != null && key.equals(key(path))) {
                Files.delete(path.path());
            }
        } catch (IOException e) {
            // it is gone already, or may not be removed: the process ends all the same
        }
    }
}
