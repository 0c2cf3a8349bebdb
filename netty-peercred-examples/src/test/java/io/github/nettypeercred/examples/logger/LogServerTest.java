// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That each line says whose it is, whatever it says itself: with the clients of Debian and one in C. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LogServerTest {
    private Served served;

    @BeforeEach
    void start() throws IOException {
        served = new Served(1 << 20, LogServer.limits());
    }

    @AfterEach
    void stop() throws IOException {
        served.close();
    }

    private static String attested(long user, long pid) {
        return " uid=%d gid=%d pid=%d exe=".formatted(user, user, pid);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-d", "-T", "-d --rfc5424", "-T --rfc5424", "-T --rfc3164", "-T --octet-count"})
    void logger_isNamedByTheKernel(String options) throws InterruptedException {
        Client.need("logger", "bsdutils");
        String socket = served.socket(options.startsWith("-T") ? "stream" : "datagram");
        Client client =
                Client.run(65533, "sh", "-c", "exec logger -i -t logger -u " + socket + " " + options + " hello");
        assertThat(served.line(65533))
                .contains(attested(65533, client.pid()))
                .endsWith(" hello")
                .doesNotContain("!");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-d", "-T"})
    void logger_thatClaimsAnotherPidAndProgram_isMarked(String option) throws InterruptedException {
        Client.need("logger", "bsdutils");
        String socket = served.socket(option.equals("-T") ? "stream" : "datagram");
        Client client = Client.run(65533, "logger", "--id=1", "-t", "sshd", "-u", socket, option, "Accepted");
        assertThat(served.line(65533))
                .contains(attested(65533, client.pid()))
                .contains(" !pid=1 ")
                .containsPattern(" [!?]program=sshd: ") // ? if it has ended before it was looked at
                .endsWith(" sshd[1]: Accepted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"datagram", "stream"})
    void python_isNamedByTheKernel(String kind) throws InterruptedException {
        Client.need("/usr/bin/python3", "python3");
        Client client = Client.run(65533, "/usr/bin/python3", Clients.PYTHON, kind, served.socket(kind));
        List<String> lines = served.await(65533, all -> all.size() == 2);
        assertThat(lines.get(0)).contains(attested(65533, client.pid())).endsWith(" <14>first");
        assertThat(lines.get(1)).contains(attested(65533, client.pid())).endsWith(" <12>second");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dgram", "stream"})
    void executable_isThatOfASenderThatLives(String kind) throws InterruptedException {
        Client.need("cc", "gcc");
        Client honest = Client.start(65533, Clients.C, kind, served.socket(kind), "count", "100", "pause", "20000");
        Client liar = Client.start(
                65532, Clients.C, kind, served.socket(kind), "count", "100", "pause", "20000", "tag", "sshd");
        assertThat(served.await(65533, all -> all.size() == 100))
                .allMatch(line -> line.contains(attested(65533, honest.pid())) && !line.contains("!"))
                .anyMatch(line -> line.contains(" exe=" + Clients.C + ": <13>logclient["));
        assertThat(served.await(65532, all -> all.size() == 100))
                .allMatch(line -> line.contains(attested(65532, liar.pid())))
                .anyMatch(line -> line.contains(" exe=" + Clients.C + " !program=sshd: <13>sshd["));
    }

    /** A process that inherits a connection is not who connected. */
    @Test
    void childOnTheSameConnection_isNamedItself() throws InterruptedException {
        Client.need("/usr/bin/python3", "python3");
        Client parent = Client.run(65533, "/usr/bin/python3", Clients.PYTHON, "fork", served.stream);
        List<String> lines = served.await(65533, all -> all.size() == 2);
        assertThat(lines.get(0)).contains(attested(65533, parent.pid())).endsWith(" <13>by the parent");
        assertThat(lines.get(1)).doesNotContain(attested(65533, parent.pid())).endsWith(" <13>by the child");
    }

    private static String columns(String line) {
        return line.substring(0, line.indexOf(": "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"datagram", "stream"})
    void text_thatLooksLikeMarks_isBehindTheColumns(String kind) throws InterruptedException {
        Client.need("/usr/bin/python3", "python3");
        Client client = Client.run(65533, "/usr/bin/python3", Clients.PYTHON, "marks-" + kind, served.socket(kind));
        String line = served.line(65533);
        assertThat(columns(line)).matches("\\S+" + attested(65533, client.pid()) + "\\S+");
        assertThat(line.substring(columns(line).length()))
                .isEqualTo(":  !pid=1 !program=sshd lost=77: <86>sshd[1]: Accepted");
    }

    /** No-break spaces, and the end of the columns. */
    @Test
    void executable_cannotLookLikeMarks() throws InterruptedException {
        Client.need("cc", "gcc");
        String script =
                """
                folder=$(mktemp -d) && program=$folder/$(printf 'true\\302\\240!pid=1\\302\\240: <13>x:') && cp "$0" "$program" &&
                "$program" dgram "$1" count 20 pause 20000 >&2; rm -r "$folder"
                """;
        Client.run(65533, "sh", "-c", script, Clients.C, served.datagram);
        assertThat(served.await(65533, all -> all.size() == 20))
                .allMatch(line ->
                        columns(line).matches("\\S+ uid=65533 gid=65533 pid=[0-9]+ exe=[!-~]+ [!?]program=logclient"))
                .anyMatch(line -> columns(line).contains("!pid=1\\u{"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"datagram", "stream"})
    void text_cannotBeginALine(String kind) throws InterruptedException {
        Client.need("/usr/bin/python3", "python3");
        Client.run(65533, "/usr/bin/python3", Clients.PYTHON, "inject-" + kind, served.socket(kind));
        List<String> lines = served.await(65533, all -> all.stream().anyMatch(line -> line.endsWith(" <13>end")));
        assertThat(lines).allMatch(line -> line.contains(" uid=65533 gid=65533 pid="));
        assertThat(String.join("", lines)).contains("\\u{d}", "\\u{1b}[2K", "\\u{2028}", "\\u{5c}u{d}");
        assertThat(lines)
                .hasSize(kind.equals("stream") ? 3 : 2); // there a newline ends a line, with its own attestation
    }
}
