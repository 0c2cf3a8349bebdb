// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The class path of the tests for programs under other users. */
public final class ClassPath {
    /** A copy that every user may read, deleted when the JVM ends. */
    public static final String FOR_ALL = copy();

    private ClassPath() {}

    private static String copy() {
        try {
            Path folder = SocketFolder.create();
            List<String> copies = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
                Path from = Path.of(entry);
                if (Files.exists(from)) {
                    Path to = folder.resolve(copies.size() + "-" + from.getFileName());
                    copy(from, to);
                    copies.add(to.toString());
                }
            }
            return String.join(File.pathSeparator, copies);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                Path copy = to.resolve(from.relativize(each).toString());
                Files.copy(each, copy);
                Files.setPosixFilePermissions(
                        copy, PosixFilePermissions.fromString(Files.isDirectory(copy) ? "rwxr-xr-x" : "rw-r--r--"));
                copy.toFile().deleteOnExit();
            }
        }
    }
}
