// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The C programs of these tests, compiled once. */
final class Programs {
    static final Path ACTIVATOR = compile(Path.of("src/test/c/activator.c"));

    static final Path HOLDER = compile(Path.of("src/test/c/holder.c"));

    /** A server that goes on in a forked child. */
    static final Path PEER = compile(Path.of("../netty-peercred-lspc/src/test/c/peer.c"));

    private Programs() {}

    private static Path compile(Path source) {
        try {
            Path program = Files.createTempFile("service-test", "");
            program.toFile().deleteOnExit();
            String compiler = System.getenv().getOrDefault("CC", "cc");
            Process cc = new ProcessBuilder(List.of(
                            compiler,
                            "-std=c17",
                            "-Wall",
                            "-Wextra",
                            "-Werror",
                            "-o",
                            program.toString(),
                            source.toString()))
                    .inheritIO()
                    .start();
            assertThat(cc.waitFor()).isZero();
            return program;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
