// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.examples.dbus.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import reactor.netty.DisposableServer;

/** The server with curl in other processes, under other users. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class ReactorServerTest {
    private static final long DAEMON = 1;
    private static final long LP = 7;
    private static final long NOBODY = 65534;

    /** No connection, HTTP/2 ended, no answer, sending or receiving failed: how far curl has come when the server closes. */
    private static final List<Integer> CLOSED = List.of(7, 16, 52, 55, 56);

    private final PeerAuthorization authorization = PeerAuthorization.of(PeerPolicy.builder()
            .deny("not the printer", rule -> rule.user(LP))
            .allow("operators", rule -> rule.user(DAEMON).grants("admin"))
            .allow("everybody", rule -> rule.anyUser())
            .build());
    private Path socket;
    private DisposableServer server;

    @BeforeEach
    void start() throws IOException {
        Program.needRoot();
        Program.need("curl", "curl");
        Path folder = Files.createTempDirectory("peercred-reactor");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        socket = folder.resolve("http.sock");
        server = ReactorServer.start(socket, authorization);
    }

    @AfterEach
    void stop() throws IOException {
        if (server != null) {
            server.disposeNow();
            assertThat(socket).doesNotExist();
            Files.delete(socket.getParent());
        }
    }

    @Test
    void application_is_told_who_the_peer_is() throws IOException {
        for (String version : List.of("--http1.1", "--http2", "--http2-prior-knowledge")) {
            Program nobody = curl(NOBODY, 33, "/", version);
            Program daemon = curl(DAEMON, DAEMON, "/", version);

            assertAnswer(nobody, 200, "uid=65534 gid=33 pid=" + nobody.pid() + ", may []\n");
            assertAnswer(daemon, 200, "uid=1 gid=1 pid=" + daemon.pid() + ", may [admin]\n");
        }
    }

    @Test
    void page_of_operators_needs_the_grant() throws IOException {
        for (String version : List.of("--http1.1", "--http2-prior-knowledge")) {
            assertAnswer(curl(DAEMON, DAEMON, "/admin", version), 200, "done\n");
            assertAnswer(curl(NOBODY, NOBODY, "/admin", version), 403, "not yours\n");
        }
    }

    @Test
    void denied_user_has_its_connection_closed() throws IOException {
        assertClosed(curl(LP, LP, "/", "--http1.1"));
        long openFiles = openFiles();

        for (int i = 0; i < 5; i++) {
            assertClosed(curl(LP, LP, "/", "--http1.1"));
            assertClosed(curl(LP, LP, "/", "--http2-prior-knowledge"));
        }

        assertThat(authorization.counters().denied()).isEqualTo(11);
        assertThat(openFiles()).isLessThanOrEqualTo(openFiles);
    }

    private Program curl(long uid, long gid, String path, String version) throws IOException {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "30", "-w", "%{http_code}"));
        command.addAll(List.of(version, "--unix-socket", socket.toString(), "http://localhost" + path));
        return Program.run(Program.as(uid, gid), command);
    }

    private static void assertAnswer(Program curl, int status, String body) {
        assertThat(curl.output()).isEqualTo(body + status);
        assertThat(curl.status()).isZero();
    }

    private static void assertClosed(Program curl) {
        assertThat(curl.status()).as(curl.output()).isIn(CLOSED);
        assertThat(curl.output()).endsWith("000");
    }

    private static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
