// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A temporary folder for the demo's socket and for the children's program, which the users they run as can read. Its name
 * cannot be guessed and its content not be listed.
 *
 * @param path the folder
 */
record DemoFolder(Path path) implements AutoCloseable {
    /** Enter, for those who know the name of what is inside. */
    private static final String PASSABLE = "rwx--x--x";

    private static final String READABLE = "rw-r--r--";

    static DemoFolder create() throws IOException {
        Path path = Files.createTempDirectory("lspc-demo");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(PASSABLE));
        return new DemoFolder(path);
    }

    Path socket() {
        return path.resolve("socket");
    }

    /** Copies the children's program into the folder, as a class path. */
    void addClient() throws IOException {
        Path folder = path;
        for (String name : DemoClient.class.getPackageName().split("\\.", -1)) {
            folder = Files.createDirectory(folder.resolve(name));
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(PASSABLE));
        }
        String file = DemoClient.class.getSimpleName() + ".class";
        Path copy = folder.resolve(file);
        try (InputStream in = DemoClient.class.getResourceAsStream(file)) {
            Files.copy(in, copy);
        }
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString(READABLE));
    }

    /** Removes the folder and what is in it. */
    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
