// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Files that every user may read, deleted when the JVM ends. */
final class PublicFiles {
    /** A copy of the class path. */
    static final String CLASS_PATH = copyOfClassPath();

    private PublicFiles() {}

    /** A folder that every user may enter. */
    static Path folder() {
        try {
            Path folder = Files.createTempDirectory("peercred-grpc");
            folder.toFile().deleteOnExit();
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path write(String name, String content) {
        try {
            Path file = Files.writeString(folder().resolve(name), content);
            openToRead(file);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String copyOfClassPath() {
        try {
            Path folder = folder();
            List<String> copies = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
                Path from = Path.of(entry);
                if (Files.exists(from) && !from.getFileName().toString().startsWith("grpc-netty-shaded")) {
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
                openToRead(copy);
            }
        }
    }

    private static void openToRead(Path file) throws IOException {
        Files.setPosixFilePermissions(
                file, PosixFilePermissions.fromString(Files.isDirectory(file) ? "rwxr-xr-x" : "rw-r--r--"));
        file.toFile().deleteOnExit();
    }
}
