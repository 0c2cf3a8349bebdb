// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The path of a Unix domain socket, as the user wrote it.
 *
 * @param text the path as written
 * @param path the same for file operations
 */
record SocketPath(String text, Path path) {
    /** The size of sun_path: unix(7). A longer one would be cut short on the way to the kernel, and name another file. */
    private static final int LIMIT = 108;

    /** What kind of file a path leads to, by the bits of stat(2)'s st_mode. */
    enum Kind {
        SOCKET("a socket"),
        REGULAR("a regular file"),
        FOLDER("a folder"),
        LINK("a symbolic link"),
        OTHER("a device or named pipe");

        private static final int TYPE_BITS = 0170000;

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        static Kind ofMode(int mode) {
            return switch (mode & TYPE_BITS) {
                case 0140000 -> SOCKET;
                case 0100000 -> REGULAR;
                case 0040000 -> FOLDER;
                case 0120000 -> LINK;
                default -> OTHER;
            };
        }

        @Override
        public String toString() {
            return words;
        }
    }

    /** Takes a path from the command line. */
    static SocketPath of(String text, CommandSpec spec) throws Failure {
        if (text.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "PATH is empty");
        }
        int length = text.getBytes(UTF_8).length;
        if (length > LIMIT) {
            throw new Failure(text + ": a socket's path has at most " + LIMIT + " bytes, this one has " + length);
        }
        try {
            return new SocketPath(text, Path.of(text));
        } catch (InvalidPathException e) {
            throw new Failure(text + ": no path in this locale's character set: " + e.getReason(), e);
        }
    }

    /** Makes sure that the path leads to a socket, through links too, as connect(2) goes. */
    void requireSocket() throws Failure {
        Kind kind = kind().orElseThrow(() -> failure("there is no such file"));
        if (kind != Kind.SOCKET) {
            throw failure("is no socket but " + kind);
        }
    }

    /** Returns what the path leads to, empty if to nothing. */
    Optional<Kind> kind(LinkOption... options) throws Failure {
        try {
            return Optional.of(Kind.ofMode((Integer) Files.getAttribute(path, "unix:mode", options)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (AccessDeniedException e) {
            throw new Failure(text + ": permission denied: a folder on the way may not be entered", e);
        } catch (IOException e) {
            throw new Failure(text + ": cannot be looked at: " + e.getMessage(), e);
        }
    }

    /** Returns a failure that names the path. */
    Failure failure(String message) {
        return new Failure(text + ": " + message);
    }
}
