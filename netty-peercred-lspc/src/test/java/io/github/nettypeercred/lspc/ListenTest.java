// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.PEER;
import static io.github.nettypeercred.lspc.Programs.as;
import static io.github.nettypeercred.lspc.Programs.assumeRoot;
import static io.github.nettypeercred.lspc.Programs.lspc;
import static io.github.nettypeercred.lspc.Programs.peer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListenTest {
    private final Path folder;
    private final String path;

    ListenTest(@TempDir Path folder) throws Exception {
        this.folder = folder;
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        path = folder.resolve("socket").toString();
    }

    private Child listen(String... options) throws Exception {
        String[] arguments = new String[options.length + 3];
        arguments[0] = "listen";
        arguments[1] = path;
        arguments[2] = "--json";
        System.arraycopy(options, 0, arguments, 3, options.length);
        Child lspc = lspc(arguments);
        assertThat(lspc.line()).isEqualTo("{\"event\":\"listening\",\"path\":\"" + path + "\"}");
        return lspc;
    }

    private String derived(String... arguments) {
        return ",\"derived\":{\"exe\":\"" + PEER + "\",\"cmdline\":[\"" + PEER + "\",\""
                + String.join("\",\"", arguments) + "\"]}}";
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void peerUnderHighIds_isALineOfJson(String transport) throws Exception {
        assumeRoot();
        try (Child lspc = listen("--count", "1", "--socket-mode", "0666", "--groups", "--transport", transport);
                Child peer = peer(as(4294967290L, "27,4294967289"), PEER, "connect", path)) {
            assertThat(lspc.line())
                    .isEqualTo("{\"event\":\"peer\",\"connection\":1,\"uid\":4294967290,\"gid\":4294967290,\"pid\":"
                            + peer.pid()
                            + ",\"groups\":[27,4294967289],\"mechanism\":\"SO_PEERCRED\",\"moment\":\"connect\","
                            + "\"ids\":\"effective\"" + derived("connect", path));
            assertThat(lspc.rest()).isEmpty();
            assertThat(lspc.errors()).isEmpty();
            assertThat(lspc.exitCode()).isZero();
            assertThat(Path.of(path)).doesNotExist();
        }
    }

    @Test
    void groupsNotAskedFor_areLeftOut() throws Exception {
        assumeRoot();
        try (Child lspc = listen("--count", "1");
                Child peer = peer("connect", path)) {
            assertThat(lspc.line())
                    .isEqualTo("{\"event\":\"peer\",\"connection\":1,\"uid\":0,\"gid\":0,\"pid\":" + peer.pid()
                            + ",\"mechanism\":\"SO_PEERCRED\",\"moment\":\"connect\",\"ids\":\"effective\","
                            + "\"user\":\"root\",\"group\":\"root\"" + derived("connect", path));
        }
    }

    @Test
    void peerThatClosedAtOnce_hasItsFacts() throws Exception {
        try (Child lspc = listen("--count", "200")) {
            for (int i = 0; i < 200; i++) {
                try (Child peer = peer("talk", path)) {
                    assertThat(lspc.line())
                            .contains(",\"pid\":" + peer.pid() + ",")
                            .endsWith(derived("talk", path));
                    assertClosed(lspc, i + 1, i == 199);
                }
            }
            assertThat(lspc.exitCode()).isZero();
        }
    }

    @Test
    void peerThatClosedAtOnceOnIoUring_isReported() throws Exception {
        try (Child lspc = listen("--count", "20", "--transport", "io_uring")) {
            for (int i = 0; i < 20; i++) {
                try (Child peer = peer("talk", path)) {
                    assertThat(lspc.line()).contains(",\"pid\":" + peer.pid() + ",");
                    assertClosed(lspc, i + 1, i == 19);
                }
            }
            assertThat(lspc.exitCode()).isZero();
        }
    }

    private static void assertClosed(Child lspc, int connection, boolean last) throws Exception {
        if (!last) {
            assertThat(lspc.line()).isEqualTo("{\"event\":\"closed\",\"connection\":" + connection + "}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void firstRead_namesWhoSent(String transport) throws Exception {
        assumeRoot();
        try (Child lspc = listen("--mode", "first-read", "--socket-mode", "0666", "--transport", transport);
                Child peer = peer(as(4294967290L, ""), PEER, "talk", path)) {
            assertThat(lspc.line())
                    .startsWith("{\"event\":\"peer\",\"connection\":1,\"uid\":4294967290,\"gid\":4294967290,\"pid\":"
                            + peer.pid() + ",\"mechanism\":\"SCM_CREDENTIALS\",\"moment\":\"first-read\","
                            + "\"ids\":\"sender-chosen\"")
                    .doesNotContain("\"groups\"");
            assertClosed(lspc, 1, false);
        }
    }

    @Test
    void firstRead_ofASilentPeer_isAbsentAfterTheDeadline() throws Exception {
        try (Child lspc = listen("--mode", "first-read", "--deadline", "1");
                Child peer = peer("connect", path)) {
            assertThat(peer.pid()).isPositive();
            assertThat(lspc.line())
                    .startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"TIMED_OUT\",\"message\":\"");
            assertClosed(lspc, 1, false);
        }
    }

    @Test
    void firstRead_ofNothing_isAbsent() throws Exception {
        try (Child lspc = listen("--mode", "first-read", "--count", "1")) {
            peer("connect", path).close();
            assertThat(lspc.line())
                    .startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"NO_DATA\",\"message\":\"");
            assertThat(lspc.exitCode()).isZero();
        }
    }

    @Test
    void hostileNames_changeNoLine() throws Exception {
        Path hostile = folder.resolve("a\n\u001b[31m\";uid=0;{\u007f\u202e\u00e9");
        Files.copy(PEER, hostile);
        Files.setPosixFilePermissions(hostile, PosixFilePermissions.fromString("rwxr-xr-x"));
        String bound = folder.resolve("b\n\u001b[31m;uid=0;\"").toString();
        try (Child lspc = listen("--count", "2");
                Child first = peer(List.of(), hostile, "connect", path, bound)) {
            String line = lspc.line();
            String escaped = folder + "/a\\n\\u001B[31m\\\";uid=0;{\\u007F\\u202E\\u00E9";
            assertThat(line)
                    .contains(",\"pid\":" + first.pid() + ",")
                    .endsWith(",\"derived\":{\"exe\":\"" + escaped + "\",\"cmdline\":[\"" + escaped
                            + "\",\"connect\",\"" + path + "\",\"" + folder + "/b\\n\\u001B[31m;uid=0;\\\"\"]}}");
            assertThat(line).matches("[ -~]+");
            try (Child second = peer("connect", path)) {
                assertThat(lspc.line()).contains(",\"pid\":" + second.pid() + ",");
            }
            assertThat(lspc.rest()).isEmpty();
        }
    }

    @Test
    void hostileNames_changeNoLineOfText() throws Exception {
        Path hostile = folder.resolve("a\n\u001b uid=0 \u202e\"");
        Files.copy(PEER, hostile);
        Files.setPosixFilePermissions(hostile, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Child lspc = lspc("listen", path, "--count", "1")) {
            assertThat(lspc.line()).isEqualTo("listening on " + path);
            try (Child peer = peer(List.of(), hostile, "connect", path)) {
                String escaped = "\"" + folder + "/a\\u000a\\u001b uid=0 \\u202e\\u0022\"";
                assertThat(lspc.line())
                        .startsWith("peer 1 uid=")
                        .contains(" pid=" + peer.pid() + " ")
                        .endsWith(" derived: exe=" + escaped + " cmdline=" + escaped + " connect " + path);
                assertThat(lspc.rest()).isEmpty();
            }
        }
    }

    @Test
    void peerThatIsNotMapped_isAbsent() throws Exception {
        assumeRoot();
        List<String> unshare = List.of("unshare", "--user", "--map-root-user");
        try (Child probe = new Child(List.of("unshare", "--user", "--map-root-user", "true"))) {
            assumeTrue(probe.exitCode() == 0, "needs user namespaces: " + probe.errors());
        }
        String classPath = System.getProperty("java.class.path");
        try (Child lspc = lspc(unshare, classPath, "listen", path, "--json", "--count", "1", "--socket-mode", "0666")) {
            assertThat(lspc.line()).startsWith("{\"event\":\"listening\"");
            try (Child peer = peer(as(1000, ""), PEER, "connect", path)) {
                assertThat(peer.pid()).isPositive();
                assertThat(lspc.line())
                        .matches(
                                "\\{\"event\":\"absent\",\"connection\":1,\"reason\":\"UNMAPPED\",\"message\":\"[^\"]+\"}");
                assertThat(lspc.exitCode()).isZero();
            }
        }
    }

    @Test
    void socketMode_isSet() throws Exception {
        try (Child lspc = listen("--socket-mode", "0620")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(path))))
                    .isEqualTo("rw--w----");
            lspc.signal("TERM");
            assertThat(lspc.exitCode()).isEqualTo(143);
        }
    }

    @Test
    void staleSocket_isReplaced() throws Exception {
        peer("stale", path).close();
        assertThat(Path.of(path)).exists();
        try (Child lspc = listen("--count", "1");
                Child peer = peer("connect", path)) {
            assertThat(lspc.line()).contains(",\"pid\":" + peer.pid() + ",");
        }
    }

    @Test
    void servedSocket_isRefusedAndItsServerNamed() throws Exception {
        try (Child server = listen();
                Child second = lspc("listen", path)) {
            long uid = ProcessStatus.of(server.pid()).uid();
            assertThat(second.errors())
                    .isEqualTo("lspc: " + path + ": is served already, by pid " + server.pid() + ", uid " + uid + "\n");
            assertThat(second.rest()).isEmpty();
            assertThat(second.exitCode()).isEqualTo(1);
            assertThat(Path.of(path)).exists();
        }
    }

    @Test
    void socketWithAFullBacklog_isNotStale() throws Exception {
        try (Child full = peer("full", path);
                Child lspc = lspc("listen", path)) {
            assertThat(full.pid()).isPositive();
            assertThat(lspc.errors())
                    .isEqualTo("lspc: " + path
                            + ": somebody listens, but accepts nobody: the backlog stayed full for 2 s\n");
            assertThat(lspc.exitCode()).isEqualTo(1);
            assertThat(Path.of(path)).exists();
        }
    }

    @Test
    void otherFiles_areRefusedAndKept() throws Exception {
        Files.writeString(Path.of(path), "precious");
        try (Child lspc = lspc("listen", path)) {
            assertThat(lspc.errors()).isEqualTo("lspc: " + path + ": is taken by a regular file\n");
            assertThat(lspc.exitCode()).isEqualTo(1);
        }
        assertThat(Path.of(path)).hasContent("precious");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of(path));
        try (Child lspc = lspc("listen", link.toString())) {
            assertThat(lspc.errors()).isEqualTo("lspc: " + link + ": is taken by a symbolic link\n");
        }
    }

    @Test
    void folderThatIsMissing_isSaid() throws Exception {
        try (Child lspc = lspc("listen", folder + "/none/socket")) {
            assertThat(lspc.errors())
                    .startsWith("lspc: " + folder + "/none/socket: cannot be bound: ")
                    .matches(error -> error.lines().count() == 1);
            assertThat(lspc.exitCode()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void signal_removesTheSocket(String signal) throws Exception {
        // A shell's background job, such as a build, may have SIGINT ignored, which children inherit.
        List<String> env = List.of("env", "--default-signal=INT");
        try (Child lspc = lspc(env, System.getProperty("java.class.path"), "listen", path)) {
            assertThat(lspc.line()).isEqualTo("listening on " + path);
            lspc.signal(signal);
            assertThat(lspc.exitCode()).isEqualTo(signal.equals("INT") ? 130 : 143);
            assertThat(Path.of(path)).doesNotExist();
        }
    }

    @Test
    void socketOfASuccessor_isKept() throws Exception {
        try (Child lspc = listen()) {
            Files.delete(Path.of(path));
            peer("stale", path).close();
            lspc.signal("TERM");
            assertThat(lspc.exitCode()).isEqualTo(143);
            assertThat(Path.of(path)).exists();
        }
    }
}
