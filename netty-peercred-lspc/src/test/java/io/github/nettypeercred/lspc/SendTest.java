// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code lspc send} sends, as {@code lspc listen} and the kernel see it; and the handshake between the two. */
class SendTest {
    private static final String DATA = "{\"event\":\"data\",\"connection\":1,\"bytes\":";

    private final Path folder;
    private final String path;

    SendTest(@TempDir Path folder) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        this.folder = folder;
        path = folder.resolve("socket").toString();
    }

    private Child listen(String... options) throws Exception {
        String[] arguments = new String[options.length + 5];
        System.arraycopy(new String[] {"listen", path, "--json", "--socket-mode", "0666"}, 0, arguments, 0, 5);
        System.arraycopy(options, 0, arguments, 5, options.length);
        Child lspc = lspc(arguments);
        assertThat(lspc.line()).isEqualTo("{\"event\":\"listening\",\"path\":\"" + path + "\"}");
        return lspc;
    }

    private static void assertSent(Child send) throws Exception {
        assertThat(send.errors()).isEmpty();
        assertThat(send.rest()).isEmpty();
        assertThat(send.exitCode()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void ids_areOfThisProcessUnlessNamed(String transport) throws Exception {
        assumeRoot();
        try (Child listen = listen("--mode", "first-read", "--transport", transport);
                Child own = lspc("send", path, "hello")) {
            assertThat(listen.line())
                    .startsWith("{\"event\":\"peer\",\"connection\":1,\"uid\":0,\"gid\":0,\"pid\":" + own.pid()
                            + ",\"mechanism\":\"SCM_CREDENTIALS\"");
            assertSent(own);
            assertThat(listen.line()).isEqualTo("{\"event\":\"closed\",\"connection\":1}");
            try (Child named = lspc("send", path, "--as", "4294967290:1001", "hello")) {
                assertThat(listen.line())
                        .startsWith("{\"event\":\"peer\",\"connection\":2,\"uid\":4294967290,\"gid\":1001,\"pid\":"
                                + named.pid() + ",");
                assertSent(named);
            }
        }
    }

    @Test
    void pid_mayBeOfAnotherProcess() throws Exception {
        assumeRoot();
        try (Child other = peer("datagram", folder.resolve("other").toString());
                Child listen = listen("--mode", "first-read");
                Child send = lspc("send", path, "--as", "0:0:" + other.pid(), "hello")) {
            assertThat(listen.line())
                    .startsWith(
                            "{\"event\":\"peer\",\"connection\":1,\"uid\":0,\"gid\":0,\"pid\":" + other.pid() + ",");
            assertSent(send);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect", "first-read", "every-read"})
    void goOn_isSaidBeforeTheData(String mode) throws Exception {
        assumeRoot();
        try (Child listen = listen("--mode", mode, "--go-on");
                Child send = lspc("send", path, "--go-on", "--as", "1000:1001", "hello")) {
            String line = listen.line();
            if (mode.equals("every-read")) {
                // the handshake's byte is no data; the credentials were attached to it, so what follows is lspc's own
                assertThat(line).startsWith(DATA + "5,\"uid\":0,\"gid\":0,\"pid\":" + send.pid() + ",");
            } else if (mode.equals("first-read")) {
                assertThat(line).startsWith("{\"event\":\"peer\",\"connection\":1,\"uid\":1000,\"gid\":1001,");
            } else {
                assertThat(line).startsWith("{\"event\":\"peer\",\"connection\":1,\"uid\":0,\"gid\":0,");
            }
            assertSent(send);
            assertThat(listen.line()).isEqualTo("{\"event\":\"closed\",\"connection\":1}");
        }
    }

    @Test
    void clientThatDoesNotWait_isRefused() throws Exception {
        try (Child listen = listen("--mode", "first-read", "--go-on");
                Child send = lspc("send", path, "hello")) {
            assertThat(listen.line())
                    .startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"")
                    .containsAnyOf("\"TOO_EARLY\"", "\"WRONG_MESSAGE\"");
            assertThat(listen.line()).isEqualTo("{\"event\":\"closed\",\"connection\":1}");
            assertThat(send.exitCode()).isZero();
        }
    }

    @Test
    void clientThatDoesNotAnswer_isRefusedAfterTheDeadline() throws Exception {
        try (Child listen = listen("--go-on", "--deadline", "1");
                Child silent = peer("connect", path)) {
            assertThat(silent.pid()).isPositive();
            assertThat(listen.line()).startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"TIMED_OUT\"");
        }
    }

    @Test
    void input_isSentToItsEnd(@TempDir Path files) throws Exception {
        Path input = Files.write(files.resolve("input"), new byte[3_000_000]);
        try (Child listen = listen("--mode", "every-read");
                Child send = lspcFrom(input, "send", path)) {
            long received = 0;
            while (received < 3_000_000) {
                String line = listen.line();
                assertThat(line).startsWith(DATA).contains(",\"pid\":" + send.pid() + ",");
                received += Long.parseLong(line.substring(DATA.length(), line.indexOf(',', DATA.length())));
            }
            assertThat(received).isEqualTo(3_000_000);
            assertThat(listen.line()).isEqualTo("{\"event\":\"closed\",\"connection\":1}");
            assertSent(send);
        }
    }

    private static Child lspcFrom(Path input, String... arguments) throws Exception {
        return lspc(
                List.of("sh", "-c", "exec \"$@\" < '" + input + "'", "sh"),
                System.getProperty("java.class.path"),
                arguments);
    }

    @Test
    void datagram_hasCredentials() throws Exception {
        assumeRoot();
        try (Child listen = listen("--mode", "datagram");
                Child send = lspc("send", "--datagram", path, "--as", "1000:1001", "grüße")) {
            assertThat(listen.line())
                    .startsWith(DATA + "7,\"uid\":1000,\"gid\":1001,\"pid\":" + send.pid() + ",")
                    .contains("\"moment\":\"datagram\"");
            assertSent(send);
        }
    }

    @Test
    void idsOfOthers_areRefusedByTheKernel(@TempDir Path copy) throws Exception {
        assumeRoot();
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Child listen = listen("--mode", "first-read");
                Child send = lspc(as(1000, ""), copyClassPath(copy), "send", path, "--as", "0:0", "hello")) {
            assertFails(send, ": cannot send: NOT_PERMITTED: ");
            assertThat(listen.line()).startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"NO_DATA\"");
        }
    }

    @Test
    void processThatIsNotThere_isRefusedByTheKernel() throws Exception {
        assumeRoot();
        try (Child listen = listen("--mode", "first-read");
                Child send = lspc("send", path, "--as", "0:0:2147483647", "hello")) {
            assertFails(send, ": cannot send: NO_SUCH_PROCESS: ");
            assertThat(listen.line()).startsWith("{\"event\":\"absent\",\"connection\":1,\"reason\":\"NO_DATA\"");
        }
    }

    @Test
    void nothingToSend_andNobodyToSendTo_fail() throws Exception {
        try (Child nothing = lspc("send", path, "x")) {
            assertFails(nothing, path + ": there is no such file");
        }
        try (Child listen = listen();
                Child empty = lspcFrom(Path.of("/dev/null"), "send", path);
                Child datagram = lspc("send", path, "--datagram", "x")) {
            assertFails(empty, path + ": there is nothing to send");
            assertFails(datagram, path + ": cannot connect: ");
            listen.signal("KILL");
            assertThat(listen.exitCode()).isEqualTo(137);
        }
        try (Child stale = lspc("send", path, "x")) {
            assertFails(stale, path + ": nobody listens on this socket");
        }
    }

    private static void assertFails(Child lspc, String message) throws Exception {
        assertThat(lspc.errors()).startsWith("lspc: ").contains(message).hasLineCount(1);
        assertThat(lspc.rest()).isEmpty();
        assertThat(lspc.exitCode()).isEqualTo(1);
    }
}
