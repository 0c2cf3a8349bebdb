// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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

/** A Java program in another process, under another user. */
final class OtherUser implements AutoCloseable {
    private final long uid;
    private final long gid;
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private OtherUser(long uid, long gid, Process process) {
        this.uid = uid;
        this.gid = gid;
        this.process = process;
        Thread reader = new Thread(this::readLines, "output of " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    static void needRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: a peer under another user needs root");
        try {
            int status = new ProcessBuilder("setpriv", "--version")
                    .redirectOutput(Redirect.DISCARD)
                    .start()
                    .waitFor();
            assumeTrue(status == 0);
        } catch (IOException e) {
            assumeTrue(false, "left out: there is no setpriv here (Debian: apt-get install util-linux)");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts a program with real, effective and saved ids alike, and no other group. */
    static OtherUser start(long uid, long gid, Class<?> program, String... arguments) {
        needRoot();
        List<String> command = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + uid,
                "--regid=" + gid,
                "--clear-groups",
                System.getProperty("java.home") + "/bin/java",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                PublicFiles.CLASS_PATH,
                program.getName()));
        command.addAll(List.of(arguments));
        try {
            return new OtherUser(
                    uid,
                    gid,
                    new ProcessBuilder(command).redirectError(Redirect.INHERIT).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void readLines() {
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            // it was ended while it printed; who waits for a line is told
        }
    }

    /** What the kernel has to say of it. */
    String ids() {
        return uid + " " + gid + " " + process.pid();
    }

    /** Says something to it. */
    void say(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next line that it prints. */
    String line() {
        try {
            return Objects.requireNonNull(lines.poll(100, TimeUnit.SECONDS), "it printed nothing for 100 s");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    String ask(String line) {
        say(line);
        return line();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
