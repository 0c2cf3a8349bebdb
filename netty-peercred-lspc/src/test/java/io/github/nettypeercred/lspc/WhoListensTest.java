// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.PEER;
import static io.github.nettypeercred.lspc.Programs.as;
import static io.github.nettypeercred.lspc.Programs.assumeRoot;
import static io.github.nettypeercred.lspc.Programs.copyClassPath;
import static io.github.nettypeercred.lspc.Programs.lspc;
import static io.github.nettypeercred.lspc.Programs.peer;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WhoListensTest {
    private final Path folder;
    private final String path;

    WhoListensTest(@TempDir Path folder) throws Exception {
        this.folder = folder;
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        path = folder.resolve("socket").toString();
    }

    private void assertFails(Child lspc, String line) throws InterruptedException {
        assertThat(lspc.errors()).isEqualTo("lspc: " + line + "\n");
        assertThat(lspc.rest()).isEmpty();
        assertThat(lspc.exitCode()).isEqualTo(1);
    }

    @Test
    void listenerUnderHighIds_isALineOfJson() throws Exception {
        assumeRoot();
        try (Child listener = peer(as(4294967290L, "27"), PEER, "inherit", path);
                Child lspc = lspc("--json", path)) {
            String line = lspc.line();
            assertThat(line)
                    .startsWith("{\"event\":\"listener\",\"path\":\"" + path
                            + "\",\"uid\":4294967290,\"gid\":4294967290,\"pid\":" + listener.pid()
                            + ",\"groups\":[27],")
                    .endsWith("\"mechanism\":\"SO_PEERCRED\",\"moment\":\"listen\",\"ids\":\"effective\",\"derived\":"
                            + "{\"exe\":\"" + PEER + "\",\"cmdline\":[\"" + PEER + "\",\"inherit\",\"" + path
                            + "\"]},\"alive\":true}");
            assertThat(lspc.rest()).isEmpty();
            assertThat(lspc.errors()).isEmpty();
            assertThat(lspc.exitCode()).isZero();
        }
    }

    @Test
    void listener_isShownAsText() throws Exception {
        assumeRoot();
        try (Child listener = peer(as(0, "27"), PEER, "inherit", path);
                Child lspc = lspc(path)) {
            assertThat(lspc.rest())
                    .contains(
                            "listener of " + path + ", the last caller of listen(2) on it:",
                            "  pid      " + listener.pid(),
                            "  uid      0(root)",
                            "  gid      0(root)",
                            "  groups   27(sudo)",
                            "  source   SO_PEERCRED/LISTEN/EFFECTIVE",
                            "derived from /proc (a process can change these; they prove nothing):",
                            "  exe      " + PEER,
                            "  cmdline  " + PEER + " inherit " + path)
                    .noneMatch(line -> line.contains("is gone"));
            assertThat(lspc.exitCode()).isZero();
        }
    }

    @Test
    void process_isShownAsItIsNow() throws Exception {
        assumeRoot();
        try (Child listener = peer(as(4294967290L, "27"), PEER, "inherit", path);
                Child json = lspc(path, "--process", "--json");
                Child text = lspc(path, "--process")) {
            json.line();
            assertThat(json.line())
                    .startsWith(
                            "{\"event\":\"process\",\"pid\":" + listener.pid() + ",\"parent\":"
                                    + ProcessHandle.current().pid()
                                    + ",\"realUid\":4294967290,\"effectiveUid\":4294967290,\"savedUid\":4294967290,"
                                    + "\"realGid\":4294967290,\"effectiveGid\":4294967290,\"savedGid\":4294967290,\"started\":\"2")
                    .contains(
                            ",\"exe\":\"" + PEER + "\"",
                            "\"capabilities\":{\"inheritable\":\"0000000000000000\",\"permitted\":\"0000000000000000\","
                                    + "\"effective\":\"0000000000000000\",");
            assertThat(json.rest()).isEmpty();
            assertThat(json.exitCode()).isZero();
            assertThat(text.rest())
                    .contains(
                            "the process now (real, effective, saved ids are the kernel's word, the rest is from /proc):",
                            "  uids     4294967290 4294967290 4294967290",
                            "  caps     0000000000000000");
        }
    }

    @Test
    void listenerThatIsGone_isSaidToBe() throws Exception {
        try (Child listener = peer("inherit", path)) {
            listener.signal("KILL");
            assertThat(listener.exitCode()).isEqualTo(137);
            try (Child text = lspc(path);
                    Child json = lspc(path, "--json")) {
                assertThat(text.rest())
                        .contains("  pid      " + listener.pid())
                        .contains(
                                "the process that called listen(2) is gone; another one that inherited the socket serves");
                assertThat(text.exitCode()).isZero();
                assertThat(json.line())
                        .contains(",\"pid\":" + listener.pid() + ",")
                        .doesNotContain("derived")
                        .endsWith(",\"alive\":false}");
            }
            try (Child second = lspc("listen", path)) {
                assertThat(second.errors())
                        .contains(": is served already, by pid " + listener.pid() + ", uid ")
                        .endsWith(" (that process is gone; another one that inherited the socket serves)\n");
            }
        }
    }

    @Test
    void staleSocket_fails() throws Exception {
        peer("stale", path).close();
        try (Child lspc = lspc(path)) {
            assertFails(lspc, path + ": nobody listens on this socket (connection refused)");
        }
    }

    @Test
    void missingPath_fails() throws Exception {
        try (Child lspc = lspc(path)) {
            assertFails(lspc, path + ": there is no such file");
        }
    }

    @Test
    void noSocket_fails() throws Exception {
        try (Child lspc = lspc(folder.toString())) {
            assertFails(lspc, folder + ": is no socket but a folder");
        }
        Files.createFile(Path.of(path));
        try (Child lspc = lspc(path, "--json")) {
            assertFails(lspc, path + ": is no socket but a regular file");
        }
    }

    @Test
    void datagramSocket_fails() throws Exception {
        try (Child datagram = peer("datagram", path);
                Child lspc = lspc(path)) {
            assertThat(datagram.pid()).isPositive();
            assertFails(
                    lspc,
                    path + ": cannot connect: connect(..) failed with error(-91): Protocol wrong type for socket");
        }
    }

    @Test
    void fullBacklog_failsInTime() throws Exception {
        try (Child full = peer("full", path);
                Child lspc = lspc(path)) {
            assertThat(full.pid()).isPositive();
            assertFails(lspc, path + ": somebody listens, but accepts nobody: the backlog stayed full for 2 s");
        }
    }

    @Test
    void whatMayNotBeEntered_fails() throws Exception {
        assumeRoot();
        Path classes = Files.createDirectory(folder.resolve("classes"));
        String classPath = copyClassPath(classes);
        Path locked = Files.createDirectory(folder.resolve("locked"));
        String inside = locked.resolve("socket").toString();
        try (Child listener = peer("inherit", inside)) {
            assertThat(listener.pid()).isPositive();
            Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("rwx------"));
            List<String> user = as(1000, "");
            try (Child lspc = lspc(user, classPath, inside)) {
                assertFails(lspc, inside + ": permission denied: a folder on the way may not be entered");
            }
            Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(Path.of(inside), PosixFilePermissions.fromString("rw-------"));
            try (Child lspc = lspc(user, classPath, inside)) {
                assertFails(lspc, inside + ": permission denied: the socket's mode does not let you connect");
            }
        }
    }

    @Test
    void hostilePath_isEscaped() throws Exception {
        String hostile = folder.resolve("s\n\u001b;uid=0;").toString();
        try (Child missing = lspc(hostile)) {
            assertFails(missing, folder + "/s\\u000a\\u001b;uid=0;: there is no such file");
        }
        try (Child listener = peer("inherit", hostile);
                Child text = lspc(hostile);
                Child json = lspc(hostile, "--json")) {
            assertThat(text.line()).startsWith("listener of \"" + folder + "/s\\u000a\\u001b;uid=0;\", ");
            assertThat(text.line()).isEqualTo("  pid      " + listener.pid());
            assertThat(json.line())
                    .startsWith("{\"event\":\"listener\",\"path\":\"" + folder + "/s\\n\\u001B;uid=0;\",\"uid\":");
            assertThat(json.rest()).isEmpty();
        }
    }

    @Test
    void pathThatIsTooLong_fails() throws Exception {
        String tooLong = "/" + "x".repeat(108);
        try (Child lspc = lspc(tooLong)) {
            assertFails(lspc, tooLong + ": a socket's path has at most 108 bytes, this one has 109");
        }
    }
}
