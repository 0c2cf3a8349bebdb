// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The functions of floor.c. */
final class Floor {
    /** Flag of {@link #loop}: also asks for the supplementary groups. */
    static final int GROUPS = 1;

    /** Flag of {@link #loop}: also asks for a pidfd, and closes it. */
    static final int PIDFD = 2;

    static {
        try (InputStream in = Floor.class.getResourceAsStream("/libfloor.so")) {
            if (in == null) {
                throw new UnsatisfiedLinkError("the jar holds no libfloor.so: build it with `mvn package`");
            }
            Path file = Files.createTempFile("floor", ".so");
            try {
                Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
                System.load(file.toString());
            } finally {
                Files.delete(file); // what is loaded stays loaded
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Floor() {}

    static native int loop(int fd, int flags, int times);

    static native int setGroups(int count);

    static native int connect(byte[] path);

    static native int connectAndClose(byte[] path, int times);

    static native int echo(int fd, int size, int times);

    static native int connectDatagram(byte[] path);

    static native int sendDatagrams(int fd, int size, int times);

    static native int passCredentials(int fd);

    static native void close(int fd);

    /** Returns what a function returned, if it succeeded. */
    static int check(int returned) {
        if (returned < 0) {
            throw new IllegalStateException("a function of floor.c failed with errno " + -returned);
        }
        return returned;
    }
}
