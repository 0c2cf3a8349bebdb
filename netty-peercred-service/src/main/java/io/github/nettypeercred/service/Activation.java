// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The listening sockets that this process was started with: sd_listen_fds(3). They begin at descriptor 3; {@code LISTEN_FDS} says how many
 * they are, and {@code LISTEN_PID} whose.
 */
final class Activation {
    private static final int FIRST = 3;
    private static final int MOST = 1024;
    private static final Set<Integer> TAKEN = new HashSet<>();

    private Activation() {}

    /** Takes the socket that was bound to a path out of those of the environment, each once. */
    static OptionalInt take(Path path) {
        return take(path, System.getenv(), ProcessHandle.current().pid());
    }

    static OptionalInt take(Path path, Map<String, String> environment, long ownPid) {
        int count = count(environment, ownPid);
        synchronized (TAKEN) {
            for (int fd = FIRST; fd < FIRST + count; fd++) {
                if (!TAKEN.contains(fd) && isBoundTo(fd, path)) {
                    TAKEN.add(fd);
                    return OptionalInt.of(fd);
                }
            }
        }
        return OptionalInt.empty();
    }

    private static int count(Map<String, String> environment, long ownPid) {
        try {
            boolean ours = Long.parseLong(environment.getOrDefault("LISTEN_PID", "")) == ownPid;
            int count = Integer.parseInt(environment.getOrDefault("LISTEN_FDS", ""));
            return ours && count <= MOST ? count : 0;
        } catch (NumberFormatException e) {
            return 0; // not started so
        }
    }

    private static boolean isBoundTo(int fd, Path path) {
        try {
            String bound = ServiceCalls.listenerPath(fd);
            return !bound.isEmpty()
                    && Path.of(bound).toAbsolutePath().normalize().equals(path);
        } catch (ErrnoException | InvalidPathException e) {
            return false; // a socket of another kind
        }
    }
}
