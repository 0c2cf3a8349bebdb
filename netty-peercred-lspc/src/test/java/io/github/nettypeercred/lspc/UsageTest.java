// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.lspc;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UsageTest {
    static Stream<Arguments> wrongUsages() {
        return Stream.of(
                Arguments.of("PATH or a command is missing", new String[] {}),
                Arguments.of("PATH is empty", new String[] {""}),
                Arguments.of("Unmatched argument at index 1: '/y\\u001b'", new String[] {"/x", "/y\u001b"}),
                Arguments.of("Unknown option: '--jsn'", new String[] {"--jsn"}),
                Arguments.of("arguments belong behind the command 'listen'", new String[] {"--json", "listen", "/x"}),
                Arguments.of("Missing required parameter: 'PATH'", new String[] {"listen"}),
                Arguments.of("Missing required parameter: 'SIGNAL'", new String[] {"signal", "/x"}),
                Arguments.of(
                        "Invalid value for positional parameter at index 1 (SIGNAL): 'TREM' is no signal such as TERM, HUP or 15",
                        new String[] {"signal", "/x", "TREM"}),
                Arguments.of("--count must be 1 or more", new String[] {"listen", "/x", "--count", "0"}),
                Arguments.of(
                        "Invalid value for option '--socket-mode': '0888' is no octal mode such as 0660",
                        new String[] {"listen", "/x", "--socket-mode", "0888"}),
                Arguments.of(
                        "Invalid value for option '--mode': 'accept' is none of connect, first-read, every-read, datagram",
                        new String[] {"listen", "/x", "--mode", "accept"}),
                Arguments.of(
                        "--deadline must be 1 to 3155760000",
                        new String[] {"listen", "/x", "--mode", "first-read", "--deadline", "0"}),
                Arguments.of(
                        "--deadline needs --mode first-read or every-read, or --go-on",
                        new String[] {"listen", "/x", "--deadline", "1"}),
                Arguments.of(
                        "--go-on is said on a connection: not with --mode datagram",
                        new String[] {"listen", "/x", "--mode", "datagram", "--go-on"}),
                Arguments.of(
                        "--go-on is said on a connection: not with --datagram",
                        new String[] {"send", "/x", "--datagram", "--go-on"}),
                Arguments.of("TEXT is empty", new String[] {"send", "/x", ""}),
                Arguments.of(
                        "Invalid value for option '--as': 'root:0' is not UID:GID or UID:GID:PID, in numbers",
                        new String[] {"send", "/x", "--as", "root:0"}),
                Arguments.of(
                        "Invalid value for option '--as': uid 4294967295 is not in 0 to 4294967294",
                        new String[] {"send", "/x", "--as", "4294967295:0"}),
                Arguments.of(
                        "Invalid value for option '--as': pid 0 is not in 1 to 2147483647",
                        new String[] {"send", "/x", "--as", "0:0:0"}),
                Arguments.of(
                        "--mode datagram needs --transport epoll: Netty has no other for it",
                        new String[] {"listen", "/x", "--mode", "datagram", "--transport", "io_uring"}),
                Arguments.of(
                        "--groups needs --mode connect: the kernel tells no groups of who sends",
                        new String[] {"listen", "/x", "--mode", "first-read", "--groups"}),
                Arguments.of(
                        "Invalid value for option '--transport': 'nio' is neither epoll nor io_uring",
                        new String[] {"demo", "--transport", "nio"}));
    }

    @ParameterizedTest
    @MethodSource("wrongUsages")
    void wrongUsage_exitsWith2(String line, String[] arguments) throws Exception {
        try (Child lspc = lspc(arguments)) {
            assertThat(lspc.errors())
                    .startsWith("lspc: " + line + "\nTry 'lspc ")
                    .matches(error -> error.lines().count() == 2);
            assertThat(lspc.rest()).isEmpty();
            assertThat(lspc.exitCode()).isEqualTo(2);
        }
    }

    @Test
    void versionAndHelp_exitWith0() throws Exception {
        try (Child version = lspc("--version");
                Child help = lspc("listen", "--help")) {
            assertThat(version.rest()).singleElement().asString().matches("lspc [0-9]+\\.[0-9]+\\.[0-9]+.*");
            assertThat(version.exitCode()).isZero();
            assertThat(help.rest()).first().asString().startsWith("Usage: lspc listen ");
            assertThat(help.exitCode()).isZero();
        }
    }
}
