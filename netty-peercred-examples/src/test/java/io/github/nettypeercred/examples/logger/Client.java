// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A client program that runs under some user. */
final class Client {
    private final Process process;
    private final List<String> command;

    private Client(Process process, List<String> command) {
        this.process = process;
        this.command = command;
    }

    /** Leaves the test out unless it may be other users, and a program of a Debian package is there. */
    static void need(String program, String debianPackage) {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: a sender under another user needs root");
        for (String each : List.of("setpriv", program)) {
            assumeTrue(
                    start(0, "sh", "-c", "command -v " + each).status() == 0,
                    "left out: there is no " + each + " here (Debian: apt-get install "
                            + (each.equals(program) ? debianPackage : "util-linux") + ")");
        }
    }

    /** Starts a program as a user, whose group has the same number; root needs no other program for that. */
    static Client start(long user, String... words) {
        List<String> command = new ArrayList<>();
        if (user != 0) {
            command.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups"));
        }
        command.addAll(List.of(words));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            return new Client(process, command);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a program to its end, which has to be a good one; returns it. */
    static Client run(long user, String... words) {
        Client client = start(user, words);
        client.output();
        return client;
    }

    /** The pid: setpriv(1) becomes the program. */
    long pid() {
        return process.pid();
    }

    int status() {
        try {
            boolean ended = process.waitFor(120, TimeUnit.SECONDS);
            if (!ended) {
                end();
            }
            assertThat(ended).as("%s ends", command).isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            end();
            throw new IllegalStateException(e);
        }
    }

    /** What it printed in all: little enough for a pipe. */
    String output() {
        try {
            int status = status();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(status).as("%s: %s", command, output).isZero();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void end() {
        process.destroyForcibly();
    }

    /** A number behind a word in what the C client printed. */
    long printed(String word) {
        List<String> words = List.of(output().trim().split(" "));
        return Long.parseLong(words.get(words.indexOf(word) + 1));
    }
}
