// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A run of another program to its end.
 *
 * @param pid what its process id was
 * @param status what it returned
 * @param output what it printed, errors included
 */
public record Program(long pid, int status, String output) {
    /** Leaves the test out unless a program of a Debian package is there. */
    public static void need(String program, String debianPackage) {
        assumeTrue(
                runs(List.of("sh", "-c", "command -v " + program)),
                "left out: there is no " + program + " here (Debian: apt-get install " + debianPackage + ")");
    }

    public static void needRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: a peer under another user needs root");
        need("setpriv", "util-linux");
    }

    public static boolean runs(List<String> command) {
        try {
            return run(command).status == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** The words in front of a command that run it as another user, in the same process. */
    public static List<String> as(long uid, long gid) {
        return List.of("setpriv", "--reuid=" + uid, "--regid=" + gid, "--clear-groups");
    }

    public static Program run(List<String> prefix, List<String> command) throws IOException {
        List<String> words = new ArrayList<>(prefix);
        words.addAll(command);
        return run(words);
    }

    public static Program run(List<String> command) throws IOException {
        Path output = Files.createTempFile("program", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile())
                    .start();
            try {
                assertThat(process.waitFor(60, TimeUnit.SECONDS))
                        .as("%s ends", command)
                        .isTrue();
            } finally {
                process.destroyForcibly();
            }
            return new Program(process.pid(), process.exitValue(), Files.readString(output, UTF_8));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            Files.delete(output);
        }
    }
}
