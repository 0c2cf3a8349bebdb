// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A run of the program peer.c: another process that does what its arguments say. */
final class Peer implements AutoCloseable {
    static final String PROGRAM = System.getProperty("peer.program");

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private Peer(Process process) {
        this.process = process;
        Thread reader = new Thread(this::readLines, "output of peer " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    private void readLines() {
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            // the peer was ended while it printed; who waits for a line is told
        }
    }

    static Peer start(String... script) {
        return startProgram(command(script));
    }

    static Peer startProgram(List<String> command) {
        try {
            return new Peer(
                    new ProcessBuilder(command).redirectError(Redirect.INHERIT).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> command(String... script) {
        List<String> command = new ArrayList<>();
        command.add(PROGRAM);
        command.addAll(List.of(script));
        return command;
    }

    /** The script's ids for one user: real, effective and saved alike, with groups. */
    static String[] as(long uid, long gid, String groups, String... script) {
        List<String> words = new ArrayList<>(List.of("groups", groups, "gid"));
        words.addAll(List.of(Long.toString(gid), Long.toString(gid), Long.toString(gid), "uid"));
        words.addAll(List.of(Long.toString(uid), Long.toString(uid), Long.toString(uid)));
        words.addAll(List.of(script));
        return words.toArray(new String[0]);
    }

    /** The pid of the process that was started, which is the peer unless its script forks. */
    int pid() {
        return (int) process.pid();
    }

    /** The next line that the peer prints. */
    String line() {
        try {
            return Objects.requireNonNull(lines.poll(30, TimeUnit.SECONDS), "the peer printed nothing for 30 s");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Lets a peer go on that awaits. */
    void go() {
        try {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until the process has ended and is reaped. */
    int exit() {
        return exit(30);
    }

    int exit(int withinSeconds) {
        try {
            assertThat(process.waitFor(withinSeconds, TimeUnit.SECONDS))
                    .as("the peer ends")
                    .isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    void kill() {
        process.destroyForcibly();
        exit();
    }

    @Override
    public void close() {
        kill();
    }
}
