// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A child process whose output is collected. It is ended with the test, by its pid. */
final class Child implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> outputEnd;
    private final CompletableFuture<String> errors;

    Child(List<String> command) throws IOException {
        process = new ProcessBuilder(command).start();
        outputEnd = CompletableFuture.runAsync(
                () -> process.inputReader(UTF_8).lines().forEach(lines::add), task -> new Thread(task).start());
        errors =
                CompletableFuture.supplyAsync(() -> text(process.errorReader(UTF_8)), task -> new Thread(task).start());
    }

    private static String text(BufferedReader reader) {
        return reader.lines().map(line -> line + '\n').collect(Collectors.joining());
    }

    long pid() {
        return process.pid();
    }

    /** Waits for the next line of its standard output. */
    String line() throws InterruptedException {
        String line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(line)
                .withFailMessage(
                        () -> "no line came; stderr: " + (process.isAlive() ? "(it still runs)" : errors.join()))
                .isNotNull();
        return line;
    }

    /** Waits for its end and returns its exit code. */
    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("it ends")
                .isTrue();
        return process.exitValue();
    }

    /** Returns the lines of its standard output that were not taken yet, once it has ended. */
    List<String> rest() throws InterruptedException {
        exitCode();
        outputEnd.join();
        return new ArrayList<>(lines);
    }

    /** Returns what it wrote to standard error, once it has ended. */
    String errors() throws InterruptedException {
        exitCode();
        return errors.join();
    }

    void signal(String name) throws IOException, InterruptedException {
        int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid()))
                .start()
                .waitFor();
        assertThat(code).as("exit code of kill").isZero();
    }

    /** Ends its standard input. */
    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    @Override
    public void close() throws IOException {
        endInput();
        process.destroyForcibly();
    }
}
