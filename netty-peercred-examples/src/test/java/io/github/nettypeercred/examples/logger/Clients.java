// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** The client programs of our own, where every user can run them. Deleted when the JVM ends. */
final class Clients {
    static final String C = compiled(Path.of(System.getProperty("logclient.source")));
    static final String PYTHON = copied(Path.of(System.getProperty("logclient.python")));

    private Clients() {}

    private static Path folder() throws IOException {
        Path folder = Files.createTempDirectory("peercred-client");
        folder.toFile().deleteOnExit();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return folder;
    }

    /** A path that is none where there is no compiler: tests that need one are left out. */
    private static String compiled(Path source) {
        try {
            Path program = folder().resolve("logclient");
            program.toFile().deleteOnExit();
            if (Client.start(0, "sh", "-c", "command -v cc").status() == 0) {
                Client.run(0, "cc", "-O1", "-Wall", "-Wextra", "-Werror", source.toString(), "-o", program.toString());
                Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
            return program.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String copied(Path source) {
        try {
            Path script = Files.copy(source, folder().resolve(source.getFileName()));
            script.toFile().deleteOnExit();
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rw-r--r--"));
            return script.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
