// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.PEER;
import static io.github.nettypeercred.lspc.Programs.as;
import static io.github.nettypeercred.lspc.Programs.lspc;
import static io.github.nettypeercred.lspc.Programs.peer;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code lspc signal} and {@code lspc wait}, as root: below /run, since /tmp is a folder that others can write to. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SignalTest {
    private static final int SIGTERM_EXIT = 128 + 15;

    private Path folder = Path.of("/");
    private String path = "";

    @BeforeEach
    void makeFolder() throws IOException {
        Programs.assumeRoot();
        folder = Files.createTempDirectory(Path.of("/run"), "lspc-test");
        path = folder.resolve("socket").toString();
    }

    @AfterEach
    void removeFolder() throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted((one, other) -> other.compareTo(one)).toList()) {
                if (!file.equals(Path.of("/"))) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void assertFails(Child lspc, String line) throws InterruptedException {
        assertThat(lspc.errors()).isEqualTo("lspc: " + line + "\n");
        assertThat(lspc.rest()).isEmpty();
        assertThat(lspc.exitCode()).isEqualTo(1);
    }

    @Test
    void signal_reachesTheServer_andWaitReturns() throws Exception {
        try (Child server = peer("inherit", path);
                Child waiting = lspc("wait", path)) {
            try (Child lspc = lspc("signal", path, "TERM", "--uid", "root")) {
                assertThat(lspc.errors()).isEmpty();
                assertThat(lspc.rest()).containsExactly("sent TERM to pid " + server.pid());
                assertThat(lspc.exitCode()).isZero();
            }
            assertThat(server.exitCode()).isEqualTo(SIGTERM_EXIT);
            // Its child serves on: whoever comes now is told so, and one that came before has been waiting.
            assertThat(waiting.exitCode()).isIn(0, 1);
            String gone = path + ": pid " + server.pid()
                    + " listened and has ended; another process that inherited the socket serves";
            try (Child lspc = lspc("signal", path, "TERM");
                    Child late = lspc("wait", path)) {
                assertFails(lspc, gone);
                assertFails(late, gone);
            }
        }
    }

    @Test
    void wait_returnsWhenTheServerEnds() throws Exception {
        try (Child server = peer("full", path)) {
            server.signal("STOP");
            server.signal("CONT");
            try (Child lspc = lspc("wait", path)) {
                assertFails(lspc, path + ": is served, by whom is not known: the backlog stayed full for 1000 ms");
            }
        }
        Files.delete(Path.of(path));
        try (Child server = peer("inherit", path);
                Child lspc = lspc("wait", path)) {
            awaitProcessDescriptor(lspc.pid());
            server.signal("KILL");
            assertThat(lspc.errors()).isEmpty();
            assertThat(lspc.exitCode()).isZero();
        }
    }

    private static void awaitProcessDescriptor(long pid) throws InterruptedException {
        for (int i = 0; i < 600; i++) {
            try (var descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
                for (Path fd : descriptors.toList()) {
                    if (Files.readSymbolicLink(fd).toString().contains("pidfd")) {
                        return;
                    }
                }
            } catch (IOException e) {
                // one was closed meanwhile
            }
            Thread.sleep(50);
        }
        throw new AssertionError("pid " + pid + " has no process descriptor after 30 s");
    }

    @Test
    void serverOfAnotherUser_isNotSignalled() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Child server = peer("inherit", path);
                Child lspc = lspc("signal", path, "KILL", "--uid", "4294967290");
                Child nobody = lspc("signal", path, "KILL", "--uid", "no-such-user")) {
            assertFails(lspc, path + ": is served by user 0, not 4294967290");
            assertThat(nobody.errors()).startsWith("lspc: no user no-such-user: ");
            assertThat(Files.exists(Path.of("/proc/" + server.pid()))).isTrue();
        }
    }

    @Test
    void serverUnderAHighUid_isFoundByIt() throws Exception {
        // The folder is root's, the socket is bound by root and listened on by another user.
        Path open = Files.createDirectory(folder.resolve("open"));
        String inside = open.resolve("socket").toString();
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Child server = peer(as(4294967290L, ""), PEER, "inherit", inside)) {
            try (Child lspc = lspc("signal", inside, "TERM", "--uid", "4294967290")) {
                assertFails(
                        lspc,
                        open
                                + ": others than root and this process's user may write to this folder; take that away (chmod go-w),"
                                + " or use one that only they may, such as below /run");
            }
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
            try (Child lspc = lspc("signal", inside, "15", "--uid", "4294967290")) {
                assertThat(lspc.errors()).isEmpty();
                assertThat(lspc.rest()).containsExactly("sent 15 to pid " + server.pid());
            }
        }
    }

    @Test
    void links_areRefused() throws Exception {
        try (Child server = peer("inherit", path)) {
            Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of(path));
            Path way = Files.createSymbolicLink(folder.resolve("way"), folder);
            try (Child last = lspc("signal", link.toString(), "KILL");
                    Child onTheWay = lspc("wait", way.resolve("socket").toString())) {
                assertFails(last, link + ": is no socket but a symbolic link");
                try (Child above = lspc("signal", way + "/../socket", "KILL")) {
                    assertFails(above, way + ": is a symbolic link; name what it points to (readlink -f " + way + ")");
                }
                assertFails(onTheWay, way + ": is a symbolic link; name what it points to (readlink -f " + way + ")");
            }
            assertThat(Files.exists(Path.of("/proc/" + server.pid()))).isTrue();
        }
    }

    @Test
    void nobody_isToldSo() throws Exception {
        try (Child lspc = lspc("wait", path)) {
            assertFails(lspc, path + ": there is no such file");
        }
        peer("stale", path).close();
        try (Child lspc = lspc("signal", path, "TERM")) {
            assertFails(lspc, path + ": nobody listens on this socket (connection refused)");
        }
    }
}
