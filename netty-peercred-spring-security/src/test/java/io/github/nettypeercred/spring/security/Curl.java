// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One run of curl as another user, in another process.
 *
 * @param pid its process id
 * @param exit what it returned
 * @param output the body, and the status code after it; what it complained of if there was none
 */
record Curl(long pid, int exit, String output) {
    /** No connection, HTTP/2 ended, no answer, sending or receiving failed: how far curl has come when the server closes. */
    private static final List<Integer> CLOSED = List.of(7, 16, 52, 55, 56);

    static void need() {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: a peer under another user needs root");
        for (String program : List.of("/usr/bin/setpriv", "/usr/bin/curl")) {
            assumeTrue(Files.isExecutable(Path.of(program)), "left out: there is no " + program);
        }
    }

    static Curl as(long uid, long gid, Path socket, String path, String... options) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("setpriv", "--reuid=" + uid, "--regid=" + gid, "--clear-groups"));
        command.addAll(List.of("curl", "--unix-socket", socket.toString(), "http://localhost" + path));
        command.addAll(List.of(options));
        return run(command);
    }

    static Curl overTcp(int port) throws Exception {
        return run(new ArrayList<>(List.of("curl", "http://127.0.0.1:" + port + "/")));
    }

    private static Curl run(List<String> command) throws Exception {
        command.addAll(List.of("-sS", "--max-time", "30", "-w", "%{http_code}"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return new Curl(process.pid(), process.exitValue(), output);
        } finally {
            process.destroyForcibly();
        }
    }

    /** The connection was closed before an answer came. */
    void assertRefused() {
        assertThat(exit).as(output).isIn(CLOSED);
        assertThat(output).endsWith("000");
    }

    void assertAnswer(int status, String body) {
        assertThat(output).isEqualTo(body + status);
        assertThat(exit).isZero();
    }

    /** A folder for a socket that every user may enter. */
    static Path folder() throws IOException {
        Path folder = Files.createTempDirectory("peercred-spring");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return folder;
    }

    static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
