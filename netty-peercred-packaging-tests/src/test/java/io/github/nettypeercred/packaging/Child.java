// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A child process and all it has printed, to standard output and error. */
final class Child implements AutoCloseable {
    /** The same JVM as runs the tests. */
    static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    static final String UID = id("unix:uid");
    static final String GID = id("unix:gid");
    static final boolean IS_ROOT = UID.equals("0");

    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final Path output;

    private Child(List<String> command) {
        try {
            output = Files.createTempFile("child", ".out");
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String id(String attribute) {
        try {
            return String.valueOf(Files.getAttribute(Path.of("/proc/self"), attribute));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Child start(String... command) {
        return new Child(List.of(command));
    }

    /** The command of a JVM with JNI checks. */
    static List<String> javaCommand(String... arguments) {
        return Stream.concat(Stream.of(JAVA, "-Xcheck:jni"), Stream.of(arguments))
                .toList();
    }

    /** Runs a JVM to its end, which must be a good one, and returns what it printed. */
    static String java(String... arguments) {
        return run(javaCommand(arguments));
    }

    /** Runs a JVM in a mount namespace of its own, after a mount that nobody else sees. */
    static String javaWithMount(String mount, String... arguments) {
        List<String> command = new ArrayList<>(List.of("unshare", "-m", "sh", "-c", mount + " && exec \"$@\"", "sh"));
        command.addAll(javaCommand(arguments));
        return run(command);
    }

    static String run(List<String> command) {
        try (Child child = new Child(command)) {
            return child.end();
        }
    }

    /** Waits for a line that contains a text. */
    void awaitText(String text) throws InterruptedException {
        for (long waited = 0; !output().contains(text); waited += 20) {
            assertThat(process.isAlive() && waited < PATIENCE_SECONDS * 1000)
                    .as("waiting for \"%s\" in: %s", text, output())
                    .isTrue();
            Thread.sleep(20);
        }
    }

    /** Closes the child's standard input, waits for its good end and returns what it printed. */
    String end() {
        try {
            process.getOutputStream().close();
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("the child hangs: %s", output())
                    .isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        String printed = output();
        assertThat(process.exitValue()).as(printed).isZero();
        assertThat(printed).doesNotContain("WARNING in native method").doesNotContain("FATAL ERROR in native method");
        return printed;
    }

    String output() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            Files.delete(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
