// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.examples.dbus.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** That Python's smtplib and swaks submit mail, each user in its own name. Of the users that every Debian has, games is 5 and mail's group 8. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LmtpTest {
    private static final List<String> ROOT = List.of();
    private static final List<String> GAMES = Program.as(5, 60);
    private static final List<String> NAMELESS = Program.as(4294967290L, 60);
    private static final List<String> LISTS = List.of("setpriv", "--reuid=38", "--regid=38", "--groups=8");

    private static Server server;

    @BeforeAll
    static void start() throws Exception {
        Program.need("/usr/bin/python3", "python3");
        Program.needRoot();
        server = Server.start();
    }

    @AfterAll
    static void stop() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    private static void assertAnswered(Program run, String... answers) {
        assertThat(run.output().lines()).as(run.output()).containsExactly(answers);
        assertThat(run.status()).isZero();
    }

    private static String id(String entry) {
        return entry.replaceAll("(?s).* with LMTP id ([-0-9a-f]+);.*", "$1");
    }

    /** What follows the date of the Received field. */
    private static String rest(String entry) {
        return entry.replaceAll("(?s)^.*? with LMTP id [^\r]*\r\n", "");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, root@example.org",
        "5, 60, games@example.org",
        "5, 60, games@EXAMPLE.ORG",
        "4294967290, 60, uid-4294967290@example.org"
    })
    void smtplib_underItsUser_submitsInItsOwnName(long uid, long gid, String sender) throws IOException {
        Program run = server.lmtp(
                Program.as(uid, gid),
                "sendmail " + sender + " a@b From: " + sender + "\\nSubject: x\\n\\n.dots\\n..\\n");
        assertAnswered(run, "sendmail {}");
        String entry = server.take();
        assertThat(entry)
                .startsWith("MAIL FROM:<" + sender + ">\r\nRCPT TO:<a@b>\r\nDATA\r\n"
                        + "Received: by example.org (from uid " + uid + ")\r\n with LMTP id ");
        assertThat(rest(entry)).isEqualTo("From: " + sender + "\r\nSubject: x\r\n\r\n..dots\r\n...\r\n.\r\n");
    }

    @Test
    void data_isAnsweredForEachRecipient() throws IOException {
        Program run = server.lmtp(
                GAMES, "mail games", "rcpt a@b c@d e@f", "data From: games\\n\\nhello\\n", "rcpt a@b", "mail games");
        String entry = server.take();
        assertAnswered(
                run,
                "mail 250 2.1.0 ok",
                "rcpt 250 2.1.5 ok",
                "rcpt 250 2.1.5 ok",
                "rcpt 250 2.1.5 ok",
                "data 250 2.0.0 " + id(entry) + " <a@b>",
                "data 250 2.0.0 " + id(entry) + " <c@d>",
                "data 250 2.0.0 " + id(entry) + " <e@f>",
                "rcpt 503 5.5.1 MAIL first",
                "mail 250 2.1.0 ok");
        assertThat(entry)
                .startsWith("MAIL FROM:<games>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "root@example.org",
                "games@example.com",
                "games@example.org@example.com",
                "games.@example.org",
                "Games@example.org",
                "uid-5@example.org",
                "uid-4294967290",
                "@a:games@example.org",
                "@example.org",
                "no such user@example.org"
            })
    void forgedSender_isRefused(String sender) throws IOException {
        Program run = server.lmtp(GAMES, "raw 1 MAIL FROM:<" + sender + ">\\r\\n", "rcpt a@b");
        assertThat(run.output()).startsWith("raw 5").endsWith("rcpt 503 5.5.1 MAIL first\n");
        assertThat(server.entries()).isEmpty();
    }

    @Test
    void forgedSender_isAnAuditEvent_ofTheUserGroupAndProcess() throws IOException {
        List<String> user = Program.as(65533, 1234);
        Program run = server.lmtp(user, "mail root@example.org", "mail uid-65533@example.org");
        assertAnswered(run, "mail 550 5.7.1 you may not send as root@example.org", "mail 250 2.1.0 ok");
        assertThat(server.log())
                .contains("denied what=grant uid=65533 gid=1234 pid=" + run.pid()
                        + " moment=CONNECT grant=\"as-anyone\"" + " rule=\"everybody\" generation=1 channel=")
                .contains("action=\"mail FROM:<root@example.org>\" suppressed=");
    }

    @Test
    void nullSender_takesAGrant() throws IOException {
        assertAnswered(server.lmtp(GAMES, "mail "), "mail 550 5.7.1 you may not send as");
        assertAnswered(server.lmtp(LISTS, "mail "), "mail 550 5.7.1 you may not send as");
        assertThat(server.lmtp(ROOT, "mail ", "rcpt a@b", "data From: <root>\\n\\nbounce\\n")
                        .output())
                .startsWith("mail 250 2.1.0 ok\nrcpt 250 2.1.5 ok\ndata 250 2.0.0 ");
        assertThat(server.take()).startsWith("MAIL FROM:<>\r\n");
    }

    @Test
    void grant_allowsAnySender_andAnyFrom() throws IOException {
        Program run = server.lmtp(LISTS, "sendmail bounces@lists.example a@b From: a@b.example\\n\\nx\\n");
        assertAnswered(run, "sendmail {}");
        String entry = server.take();
        assertThat(entry).startsWith("MAIL FROM:<bounces@lists.example>\r\n").contains("(from uid 38)");
        assertThat(rest(entry)).isEqualTo("From: a@b.example\r\n\r\nx\r\n.\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "games",
                " games@example.org ",
                "Some Body <games@example.org>",
                "\"Body, Some\" <games@example.org>",
                "<games@example.org>",
                "\\r\\n Some Body\\r\\n\\t<games@example.org>",
                " \"Body, Some (of example.org)\"\\r\\n <games>"
            })
    void ownFrom_staysAsItIs(String from) throws IOException {
        assertAnswered(server.lmtp(GAMES, "sendmail games a@b From:" + from + "\\r\\n\\r\\nx"), "sendmail {}");
        assertThat(server.take())
                .doesNotContain("Sender:")
                .contains("\r\nFrom:")
                .endsWith("\r\n\r\nx\r\n.\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "From: root@example.org",
                "From: games@example.org, root@example.org",
                "From: root@example.org <games@example.org>",
                "From: \"root@example.org\" <games@example.org>",
                "From: games@example.org (root)",
                "From: root@example.org\\r\\nFrom: games@example.org",
                "From:\\r\\nFrom: games@example.org",
                "From : Root\\r\\n <root@example.org>",
                "fROM: =?utf-8?q?root?= <root@example.org>",
                "From: games@example.com",
                "From: ",
                "From: =?utf-8?Q?root=40example.org?= <games@example.org>",
                "From: \"=?utf-8?Q?root=40example.org?=\" <games@example.org>",
                "From: root\\xef\\xbc\\xa0example.org <games@example.org>", // a fullwidth @
                "From: \"root\\xef\\xbc\\xa0example.org\" <games@example.org>",
                "From: g\\xc3\\xa4mes@example.org",
                "Subject: there is none"
            })
    void otherFrom_getsASender(String field) throws IOException {
        String message = field + "\\r\\n\\r\\nx\\r\\n.\\r\\n";
        Program run = server.lmtp(GAMES, "mail games", "rcpt a@b", "raw 2 DATA\\r\\n" + message);
        assertThat(run.output()).contains("raw 250 ");
        assertThat(rest(server.take()))
                .startsWith("Sender: <games@example.org>\r\n")
                .endsWith("\r\n\r\nx\r\n.\r\n");
    }

    /** Which ends the header for some readers: what comes behind it they take for the message's text. */
    @Test
    void sender_standsInFrontOfALineOfSpaces() throws IOException {
        Program run =
                server.lmtp(GAMES, "mail games", "rcpt a@b", "data From: root@example.org\\n \\t\\nSubject: x\\n\\nx");
        assertThat(run.output()).contains("data 250 ");
        assertThat(rest(server.take()))
                .isEqualTo(
                        "Sender: <games@example.org>\r\nFrom: root@example.org\r\n \t\r\nSubject: x\r\n\r\nx\r\n.\r\n");
    }

    @Test
    void fieldsThatAreNotTheClients_areTakenOut() throws IOException {
        Program run = server.lmtp(
                GAMES,
                "mail games",
                "rcpt a@b",
                "data "
                        + String.join(
                                "\\n",
                                "Return-Path: <root>",
                                "Received: from here",
                                "\tby there",
                                "From: games",
                                "SENDER: root",
                                "Sender : <root>",
                                "X-Sender: kept",
                                "Resent-From: root@example.org",
                                "resent-sender : root@example.org",
                                "Received-SPF: pass",
                                "Authentication-Results: a;",
                                " b",
                                ".Sender: stuffed",
                                "Delivered-To: x",
                                "Subject: a",
                                " Sender: b",
                                "",
                                "Sender: of the body"));
        assertThat(run.output()).contains("data 250 ");
        assertThat(rest(server.take()))
                .isEqualTo(String.join(
                        "\r\n",
                        "From: games",
                        "X-Sender: kept",
                        "..Sender: stuffed",
                        "Subject: a",
                        " Sender: b",
                        "",
                        "Sender: of the body",
                        ".",
                        ""));
    }

    /** A client that does not double the dot: what stands behind it counts. */
    @Test
    void fieldBehindADot_isTakenOut() throws IOException {
        Program run = server.lmtp(
                GAMES,
                "mail games",
                "rcpt a@b",
                "raw 2 DATA\\r\\n.Sender: root\\r\\n.From: games\\r\\n\\r\\nx\\r\\n.\\r\\n");
        assertThat(run.output()).contains("raw 250 ");
        assertThat(rest(server.take())).isEqualTo("From: games\r\n\r\nx\r\n.\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no field\\n\\nx",
                " folded\\nFrom: games\\n\\nx",
                ": x\\n\\nx",
                "From root Sat\\nFrom: games\\n\\nx"
            })
    void headerThatIsNone_isRefused(String message) throws IOException {
        Program run = server.lmtp(GAMES, "mail games", "rcpt a@b c@d", "data " + message);
        assertThat(run.output())
                .endsWith("data 554 5.6.0 not a header field <a@b>\ndata 554 5.6.0 not a header field <c@d>\n");
        assertThat(server.entries()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x\\ny\\r\\n.\\r\\n",
                "x\\ry\\r\\n.\\r\\n",
                "x\\n.\\nMAIL FROM:<smuggled>\\r\\n.\\r\\n",
                "x\\n.\\r\\nMAIL FROM:<smuggled>\\r\\n.\\r\\n",
                "x\\r\\n.\\nMAIL FROM:<smuggled>\\r\\n.\\r\\n",
                "x\\r\\n.\\r\\r\\n.\\r\\n",
                "x\\r.\\r\\n.\\r\\n"
            })
    void bareCrOrLf_isRefused_andEndsNothing(String body) throws IOException {
        Program run = server.lmtp(
                GAMES,
                "mail games",
                "rcpt a@b c@d",
                "raw 1 DATA\\r\\n",
                "raw 2 From: games\\r\\n\\r\\n" + body,
                "mail games");
        String refused = "raw 550 5.6.0 a bare CR or LF, or a line too long ";
        assertThat(run.output())
                .endsWith("raw 354 go on\n" + refused + "<a@b>\n" + refused + "<c@d>\nmail 250 2.1.0 ok\n");
        assertThat(server.entries()).isEmpty();
        assertThat(server.log()).doesNotContain("smuggled");
    }

    /** The end of a line is looked at however long it is. */
    @ParameterizedTest
    @ValueSource(ints = {8190, 8191, 8192, 8193, 9000, 70000})
    void bareLf_behindALongLine_endsNothing(int length) throws IOException {
        Program run = server.lmtp(
                GAMES,
                "mail games",
                "rcpt a@b",
                "raw 1 DATA\\r\\n",
                "raw 1 From: games\\r\\n\\r\\n" + "A".repeat(length) + "\\n.\\r\\nMAIL FROM:<smuggled>\\r\\n.\\r\\n",
                "mail games");
        assertThat(run.output())
                .endsWith(
                        "raw 354 go on\nraw 550 5.6.0 a bare CR or LF, or a line too long <a@b>\nmail 250 2.1.0 ok\n");
        assertThat(server.entries()).isEmpty();
        assertThat(server.log()).doesNotContain("smuggled");
    }

    @ParameterizedTest
    @CsvSource({"8190, 250 2.0.0", "8191, 550 5.6.0", "8192, 550 5.6.0", "8193, 550 5.6.0", "70000, 550 5.6.0"})
    void longLine_mayBeTheLast(int length, String answer) throws IOException {
        Program run = server.lmtp(
                GAMES, "mail games", "rcpt a@b", "data From: games\\n\\n" + "A".repeat(length), "mail games");
        assertThat(run.output()).contains("\ndata " + answer).endsWith("\nmail 250 2.1.0 ok\n");
        for (Path entry : server.entries()) {
            Files.delete(entry);
        }
    }

    @Test
    void bareCrOrLf_inACommand_isRefused() throws IOException {
        String refused = "raw 500 5.5.2 no such command, a bare CR or LF, or too long";
        assertAnswered(
                server.lmtp(GAMES, "raw 1 RSET\\n", "raw 1 NOOP\\rNOOP\\r\\n", "raw 1 HELO x\\r\\n"),
                refused,
                refused,
                refused);
    }

    @Test
    void tooLong_isRefused() throws IOException {
        String line = "x".repeat(9000);
        Program run = server.lmtp(
                GAMES,
                "raw 1 " + line + "\\r\\n",
                "mail games",
                "rcpt a@b",
                "data From: games\\n\\n" + line + "\\nend",
                "mail games",
                "rcpt a@b");
        assertThat(run.output())
                .startsWith("raw 500 5.5.2 ")
                .contains("\ndata 550 5.6.0 a bare CR or LF, or a line too long <a@b>\nmail 250");
        Program large = server.lmtp(GAMES, "mail games", "rcpt a@b", "raw 1 DATA\\r\\n", "large 1100000", "mail games");
        assertThat(large.output()).endsWith("raw 354 go on\nlarge 552 5.3.4 too large <a@b>\nmail 250 2.1.0 ok\n");
        assertThat(server.entries()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0, 0, root", "5, 60, games", "4294967290, 60, uid-4294967290"})
    void swaks_underItsUser_submits(long uid, long gid, String name) throws IOException {
        Program.need("swaks", "swaks");
        Program run = swaks(Program.as(uid, gid), name + "@example.org");
        assertThat(run.status()).as(run.output()).isZero();
        String entry = server.take();
        assertThat(run.output())
                .contains("<-  250 2.0.0 " + id(entry) + " <a@b>")
                .contains("<-  250 2.0.0 " + id(entry) + " <c@d>");
        assertThat(entry).contains("(from uid " + uid + ")").doesNotContain("Sender:");
    }

    @Test
    void swaks_inAnothersName_isRefused() throws IOException {
        Program.need("swaks", "swaks");
        Program run = swaks(GAMES, "root@example.org");
        assertThat(run.status()).as(run.output()).isEqualTo(23); // swaks(1): error with MAIL
        assertThat(run.output()).contains("<** 550 5.7.1 you may not send as root@example.org");
        assertThat(server.entries()).isEmpty();
    }

    private static Program swaks(List<String> user, String sender) throws IOException {
        List<String> command = new ArrayList<>(user);
        command.addAll(List.of("swaks", "--protocol", "LMTP", "--socket", server.socket(), "--helo", "here"));
        command.addAll(List.of("--from", sender, "--to", "a@b,c@d"));
        return Program.run(command);
    }

    @Test
    void userWhomThePolicyDenies_isToldSo() throws Exception {
        Path folder = Server.makeFolder();
        Files.writeString(
                folder.resolve("policy.toml"),
                """
                [[rule]]
                name = "suspended"
                decision = "deny"
                user = "games"
                [[rule]]
                name = "everybody"
                decision = "allow"
                user = "@any"
                """);
        try (Server other = Server.start(folder, List.of(), "example.org")) {
            assertThat(other.lmtp(GAMES, "mail games").output())
                    .contains("SMTPConnectError: (554, b'5.7.1 you may not submit')");
            assertAnswered(
                    other.lmtp(NAMELESS, "mail uid-4294967290"),
                    "mail 550 5.7.1 you may not send as uid-4294967290"); // let in, and without a grant
        }
    }

    /** The search for one address in a long field takes no longer than the field is long. */
    @Test
    void longFrom_isReadInTime() throws IOException {
        String spaces = "From: games\\r\\n" + (" ".repeat(4000) + "\\r\\n").repeat(20);
        assertThat(server.lmtp(GAMES, "mail games", "rcpt a@b", "data " + spaces + " ,\\r\\n\\r\\nx")
                        .output())
                .contains("data 250 ");
        assertThat(server.take()).contains("Sender: <games@example.org>");
    }

    /** In a mount namespace with an /etc/passwd of its own. */
    @Test
    void userOfTwoNames_mayUseBoth() throws Exception {
        List<String> command =
                List.of("unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/passwd && exec \"$@\"");
        Path folder = Server.makeFolder();
        Path accounts = folder.resolve("passwd");
        Files.writeString(accounts, Files.readString(Path.of("/etc/passwd")) + "gamer:x:5:60::/:/bin/false\n");
        List<String> prefix = new ArrayList<>(command);
        prefix.add(accounts.toString());
        List<String> trial = new ArrayList<>(prefix);
        trial.add("true");
        assumeTrue(Program.runs(trial), "left out: no mount namespace can be made here");
        try (Server other = Server.start(folder, prefix, "example.org")) {
            Program run = other.lmtp(GAMES, "sendmail gamer a@b From: gamer\\n\\nx", "mail games", "mail daemon");
            assertThat(run.output()).startsWith("sendmail {}\nmail 250 2.1.0 ok\n");
            assertThat(other.take()).contains("(from uid 5)").doesNotContain("Sender:");
            assertThat(other.lmtp(NAMELESS, "mail gamer").output()).startsWith("mail 550");
        }
    }
}
