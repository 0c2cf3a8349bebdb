// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.PEER;
import static io.github.nettypeercred.lspc.Programs.as;
import static io.github.nettypeercred.lspc.Programs.assumeRoot;
import static io.github.nettypeercred.lspc.Programs.lspc;
import static io.github.nettypeercred.lspc.Programs.peer;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code lspc listen} says of who sends. */
class ListenModesTest {
    private static final String SENDER = ",\"mechanism\":\"SCM_CREDENTIALS\",\"moment\":\"";

    private final String path;

    ListenModesTest(@TempDir Path folder) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        path = folder.resolve("socket").toString();
    }

    private Child listen(String mode, String... options) throws Exception {
        String[] arguments = new String[options.length + 5];
        System.arraycopy(new String[] {"listen", path, "--json", "--mode", mode}, 0, arguments, 0, 5);
        System.arraycopy(options, 0, arguments, 5, options.length);
        Child lspc = lspc(arguments);
        assertThat(lspc.line()).isEqualTo("{\"event\":\"listening\",\"path\":\"" + path + "\"}");
        return lspc;
    }

    private static void assertClosed(Child lspc) throws Exception {
        assertThat(lspc.line()).isEqualTo("{\"event\":\"closed\",\"connection\":1}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void firstRead_namesWhoSent(String transport) throws Exception {
        assumeRoot();
        try (Child lspc = listen("first-read", "--socket-mode", "0666", "--transport", transport);
                Child peer = peer(as(4294967290L, ""), PEER, "talk", path)) {
            assertThat(lspc.line())
                    .startsWith("{\"event\":\"peer\",\"connection\":1,\"uid\":4294967290,\"gid\":4294967290,\"pid\":"
                            + peer.pid() + ",\"mechanism\":\"SCM_CREDENTIALS\",\"moment\":\"first-read\","
                            + "\"ids\":\"sender-chosen\"")
                    .doesNotContain("\"groups\"");
            assertClosed(lspc);
        }
    }

    @Test
    void firstRead_ofASilentPeer_isAbsentAfterTheDeadline() throws Exception {
        try (Child lspc = listen("first-read", "--deadline", "1");
                Child peer = peer("connect", path)) {
            assertThat(peer.pid()).isPositive();
            assertThat(lspc.line())
                    .startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"TIMED_OUT\",\"message\":\"");
            assertClosed(lspc);
        }
    }

    @Test
    void firstRead_ofNothing_isAbsent() throws Exception {
        try (Child lspc = listen("first-read", "--count", "1")) {
            peer("connect", path).close();
            assertThat(lspc.line())
                    .startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"NO_DATA\",\"message\":\"");
            assertThat(lspc.exitCode()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void everyRead_namesEachSenderOfAStream(String transport) throws Exception {
        assumeRoot();
        try (Child lspc = listen("every-read", "--transport", transport)) {
            try (Child peer = peer("share", path, "4294967290")) {
                assertThat(lspc.line())
                        .isEqualTo("{\"event\":\"data\",\"connection\":1,\"bytes\":1,\"uid\":0,\"gid\":0,\"pid\":"
                                + peer.pid() + SENDER
                                + "every-read\",\"ids\":\"sender-chosen\",\"user\":\"root\",\"group\":\"root\"}");
                assertThat(lspc.line())
                        .startsWith(
                                "{\"event\":\"data\",\"connection\":1,\"bytes\":2,\"uid\":4294967290,\"gid\":0,\"pid\":")
                        .doesNotContain("\"pid\":" + peer.pid() + ",")
                        .endsWith(SENDER + "every-read\",\"ids\":\"sender-chosen\",\"group\":\"root\"}");
            }
            assertClosed(lspc);
        }
    }

    @Test
    void everyRead_ofNothing_isAbsent() throws Exception {
        try (Child lspc = listen("every-read", "--count", "1")) {
            peer("connect", path).close();
            assertThat(lspc.line())
                    .startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"NO_DATA\",\"message\":\"");
            assertThat(lspc.exitCode()).isZero();
        }
    }

    @Test
    void datagrams_nameTheirSenders() throws Exception {
        assumeRoot();
        try (Child lspc = listen("datagram", "--count", "3", "--socket-mode", "0666")) {
            for (int size : new int[] {5, 0, 60_000}) {
                try (Child peer = peer(as(4294967290L, ""), PEER, "send", path, Integer.toString(size))) {
                    assertThat(lspc.line())
                            .isEqualTo("{\"event\":\"data\",\"connection\":1,\"bytes\":" + size
                                    + ",\"uid\":4294967290,\"gid\":4294967290,\"pid\":" + peer.pid() + SENDER
                                    + "datagram\",\"ids\":\"sender-chosen\"}");
                }
            }
            assertThat(lspc.exitCode()).isZero();
            assertThat(Path.of(path)).doesNotExist();
        }
    }

    @Test
    void datagramSocketThatIsServed_isKept() throws Exception {
        try (Child served = peer("datagram", path);
                Child lspc = lspc("listen", path, "--mode", "datagram")) {
            assertThat(served.pid()).isPositive();
            assertThat(lspc.errors())
                    .startsWith("lspc: " + path + ": cannot connect: ")
                    .contains("wrong type");
            assertThat(lspc.exitCode()).isEqualTo(1);
            assertThat(Path.of(path)).exists();
        }
    }

    @Test
    void text_saysTheSame() throws Exception {
        try (Child lspc = lspc("listen", path, "--mode", "datagram", "--count", "1")) {
            assertThat(lspc.line()).isEqualTo("listening on " + path);
            try (Child peer = peer("send", path, "7")) {
                assertThat(lspc.line()).startsWith("data 1 bytes=7 uid=").endsWith(" pid=" + peer.pid());
            }
        }
    }
}
