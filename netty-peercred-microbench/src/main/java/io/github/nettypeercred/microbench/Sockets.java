// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the sockets of the benchmarks are. */
final class Sockets {
    private Sockets() {}

    /** Returns a path at which there is nothing yet. */
    static Path newPath() {
        try {
            Path path = Files.createTempFile("bench", ".sock");
            Files.delete(path);
            return path;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
