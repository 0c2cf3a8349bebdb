// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs of the peers that send and receive credentials without our code: goon.c and goon.py. */
final class Goon {
    private Goon() {}

    static Peer start(String... script) {
        List<String> command = new ArrayList<>(List.of(System.getProperty("goon.program")));
        command.addAll(List.of(script));
        return Peer.startProgram(command);
    }

    /** A peer that listens on a path and is ready for connections. */
    static Peer listening(Path path, String... script) {
        List<String> words = new ArrayList<>(List.of("listen", path.toString()));
        words.addAll(List.of(script));
        Peer peer = start(words.toArray(new String[0]));
        assertThat(peer.line()).isEqualTo("ready");
        return peer;
    }

    static Peer python(String... arguments) {
        assumeTrue(hasPython(), "left out: there is no python3 here");
        List<String> command = new ArrayList<>(List.of("python3", System.getProperty("goon.python")));
        command.addAll(List.of(arguments));
        return Peer.startProgram(command);
    }

    private static boolean hasPython() {
        try {
            Process python = new ProcessBuilder("python3", "--version").start();
            return python.waitFor(30, TimeUnit.SECONDS) && python.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A copy of the class path that every user may read, deleted when the JVM ends. */
    static String classPathForAll() throws IOException {
        Path folder = Files.createTempDirectory("peercred-classes");
        assertThat(folder.toFile().setExecutable(true, false)).isTrue();
        assertThat(folder.toFile().setReadable(true, false)).isTrue();
        folder.toFile().deleteOnExit();
        List<String> copies = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(":", -1)) {
            Path from = Path.of(entry);
            Path to = folder.resolve(copies.size() + "-" + from.getFileName());
            if (Files.isDirectory(from)) {
                try (var all = Files.walk(from)) {
                    for (Path each : all.toList()) {
                        Path copy = to.resolve(from.relativize(each).toString());
                        Files.copy(each, copy);
                        copy.toFile().deleteOnExit();
                    }
                }
            } else if (Files.exists(from)) {
                Files.copy(from, to);
                to.toFile().deleteOnExit();
            }
            copies.add(to.toString());
        }
        return String.join(":", copies);
    }
}
