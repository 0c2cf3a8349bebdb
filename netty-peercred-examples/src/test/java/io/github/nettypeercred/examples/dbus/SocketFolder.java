// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A folder for sockets that every user may enter, deleted when the JVM ends. */
final class SocketFolder {
    private SocketFolder() {}

    static Path create() throws IOException {
        Path folder = Files.createTempDirectory("peercred-dbus");
        folder.toFile().deleteOnExit();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return folder;
    }
}
