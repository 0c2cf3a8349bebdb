// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A child process of the demo, which connects when it is told to. */
final class DemoChild implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 8;

    private final Process process;
    private final BufferedReader output;
    private final BufferedReader errors;

    private DemoChild(Process process) {
        this.process = process;
        this.output = process.inputReader(UTF_8);
        this.errors = process.errorReader(UTF_8);
    }

    /**
     * Starts one.
     *
     * @param prefix the command that gives it another identity, none to run it as oneself
     * @param folder where its program lies
     */
    static DemoChild start(List<String> prefix, DemoFolder folder) throws Failure {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-cp",
                folder.path().toString(),
                DemoClient.class.getName(),
                folder.socket().toString()));
        ProcessBuilder builder = new ProcessBuilder(command).directory(new File("/"));
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
        try {
            return new DemoChild(builder.start());
        } catch (IOException e) {
            throw new Failure(
                    prefix.isEmpty()
                            ? "cannot start a child process: " + e.getMessage()
                            : "no setpriv(1), which starts children under other users: apt-get install util-linux",
                    e);
        }
    }

    /** Waits until it runs its program. Returns the reason if it does not, in one line. */
    Optional<String> whyNotReady() throws Failure, IOException, InterruptedException {
        if ("ready".equals(line())) {
            return Optional.empty();
        }
        String error = errors.readLine();
        return Optional.of(error != null ? error : "it ended with exit code " + process.waitFor());
    }

    /** Has it connect, and returns once it has been told to. */
    void connect() throws IOException {
        OutputStream input = process.getOutputStream();
        input.write('\n');
        input.flush();
    }

    /** Returns what became of its connection: "greeted" or "refused". */
    String outcome() throws Failure, InterruptedException {
        return line();
    }

    long pid() {
        return process.pid();
    }

    private String line() throws Failure, InterruptedException {
        CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> {
            try {
                return String.valueOf(output.readLine());
            } catch (IOException e) {
                return e.toString();
            }
        });
        try {
            return line.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new Failure("a child process cannot be read from: " + e.getMessage(), e);
        } catch (TimeoutException e) {
            throw new Failure("a child process said nothing for " + PATIENCE_SECONDS + " s", e);
        }
    }

    /** Ends it. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
