// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A process that a test talks to, a line at a time. It is ended with the test, by its pid. */
final class Child implements AutoCloseable {
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private Child(List<String> command) {
        try {
            process =
                    new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread reader = new Thread(this::read, "output of " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader out = process.inputReader(UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            // it was ended
        }
    }

    static Child run(List<String> command) {
        return new Child(command);
    }

    /** Starts a {@link Starter} and waits until it is there. */
    static Child starter(String... commands) {
        Child child = new Child(starterCommand(commands));
        assertThat(child.line()).isEqualTo("there " + child.pid());
        return child;
    }

    static List<String> starterCommand(String... commands) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xcheck:jni",
                "-Dio.netty.leakDetection.level=paranoid",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData", // its file has the pid in its name, of which there is one in every pid namespace
                "-cp",
                System.getProperty("java.class.path"),
                Starter.class.getName()));
        if (Runtime.version().feature() >= 24) {
            command.add(1, "--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(commands));
        return command;
    }

    int pid() {
        return (int) process.pid();
    }

    Child say(String line) {
        try {
            process.getOutputStream().write((line + '\n').getBytes(UTF_8));
            process.getOutputStream().flush();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String line() {
        try {
            return Objects.requireNonNull(lines.poll(60, TimeUnit.SECONDS), "no line came for 60 s");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Says a line and returns the next one that comes. */
    String ask(String line) {
        return say(line).line();
    }

    void signal(String name) {
        try {
            assertThat(new ProcessBuilder("kill", "-" + name, Integer.toString(pid()))
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    int exitCode() {
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("it ends").isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        exitCode();
    }
}
