// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.PEER;
import static io.github.nettypeercred.lspc.Programs.as;
import static io.github.nettypeercred.lspc.Programs.assumeRoot;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lspc says of a policy, and of peers by one. */
class PolicyTest {
    private static final String SENDERS =
            """
            [[rule]]
            name = "sender"
            decision = "allow"
            user = "1000-1999"
            moment = ["first-read", "every-read", "datagram"]
            grants = "submit"

            [[rule]]
            name = "root"
            decision = "allow"
            user = "@root"
            """;

    private static final String POLICY =
            """
            [[rule]]
            name = "operators"
            decision = "allow"
            group = [27, 4294967290]
            grants = ["read-all", "submit"]

            [[rule]]
            name = "old client"
            decision = "deny"
            user = "@any"
            executable = "/opt/old/"

            """
                    + SENDERS;

    private Path folder;
    private String policy;
    private String path;

    /** In the root's own folder: one under /tmp is nobody's to trust. */
    @BeforeEach
    void write() throws IOException {
        assumeRoot();
        folder = Files.createTempDirectory(Path.of("/var/lib"), "lspc-test");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        policy = folder.resolve("peers.toml").toString();
        path = folder.resolve("socket").toString();
        Files.writeString(Path.of(policy), POLICY);
    }

    @AfterEach
    void delete() throws IOException {
        if (folder != null) {
            Files.deleteIfExists(Path.of(policy));
            Files.deleteIfExists(Path.of(path));
            Files.delete(folder);
        }
    }

    @Test
    void check_showsTheRules() throws Exception {
        try (Child lspc = lspc("check", policy)) {
            assertThat(lspc.rest())
                    .hasSize(6)
                    .anySatisfy(line ->
                            assertThat(line).contains("operators", "allow", "27", "4294967290", "read-all, submit"))
                    .last()
                    .asString()
                    .contains("deny", "everybody else");
            assertThat(lspc.errors()).isEmpty();
            assertThat(lspc.exitCode()).isZero();
        }
    }

    @Test
    void check_ofAFileThatOthersMayWrite_fails() throws Exception {
        Files.setPosixFilePermissions(Path.of(policy), PosixFilePermissions.fromString("rw-rw-r--"));
        try (Child lspc = lspc("check", policy)) {
            assertThat(lspc.errors())
                    .startsWith("lspc: " + policy + ": not read: ")
                    .hasLineCount(1);
            assertThat(lspc.exitCode()).isEqualTo(1);
        }
    }

    @Test
    void check_ofAMisspeltKey_saysWhere() throws Exception {
        Files.writeString(Path.of(policy), POLICY + "usr = 1\n");
        try (Child lspc = lspc("check", policy)) {
            assertThat(lspc.errors()).startsWith("lspc: " + policy + ":24:1: no such key: \"usr\"");
            assertThat(lspc.rest()).isEmpty();
            assertThat(lspc.exitCode()).isEqualTo(1);
        }
    }

    @Test
    void explain_saysWhatIsDecidedAndWhy() throws Exception {
        try (Child allowed = lspc("explain", policy, "--uid", "1000", "--gid", "1000", "--groups", "5,27");
                Child denied = lspc("explain", policy, "--uid", "1000", "--gid", "100", "--groups", "");
                Child sent = lspc(
                        "explain", policy, "--uid", "1000", "--gid", "100", "--groups", "", "--moment", "first-read");
                Child account = lspc("explain", policy, "--uid", "0")) {
            assertThat(allowed.rest())
                    .first()
                    .asString()
                    .startsWith("allowed by rule 'operators', grants read-all, submit");
            assertThat(allowed.exitCode()).isZero();
            assertThat(denied.rest()).first().asString().startsWith("denied");
            assertThat(denied.exitCode()).isEqualTo(3);
            assertThat(sent.exitCode()).isEqualTo(3); // what runs it is not known
            assertThat(account.exitCode()).isEqualTo(3);
        }
    }

    @Test
    void explain_ofAProcess_knowsItsProgram(@TempDir Path everybodys) throws Exception {
        Files.setPosixFilePermissions(everybodys, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (Child listening = peer(
                        as(4294967290L, ""),
                        PEER,
                        "datagram",
                        everybodys.resolve("1").toString());
                Child root = peer("datagram", everybodys.resolve("2").toString());
                Child operator = lspc("explain", policy, "--pid", "" + listening.pid());
                Child other = lspc("explain", policy, "--pid", "" + root.pid());
                Child nobody = lspc("explain", policy, "--pid", "2147483647")) {
            assertThat(operator.rest()).first().asString().startsWith("allowed by rule 'operators'");
            assertThat(operator.exitCode()).isZero();
            assertThat(other.rest()).first().asString().startsWith("allowed by rule 'root'");
            assertThat(other.exitCode()).isZero();
            assertThat(nobody.errors()).isEqualTo("lspc: there is no process 2147483647\n");
            assertThat(nobody.exitCode()).isEqualTo(1);
        }
    }

    @Test
    void explain_ofAUserWithoutAccount_wantsItsGroups() throws Exception {
        try (Child lspc = lspc("explain", policy, "--uid", "4294967290");
                Child both = lspc("explain", policy, "--uid", "1", "--pid", "1")) {
            assertThat(lspc.errors()).isEqualTo("lspc: user 4294967290 has no account here: give --gid\n");
            assertThat(lspc.exitCode()).isEqualTo(1);
            assertThat(both.errors()).startsWith("lspc: one of --uid and --pid says who the peer is\n");
            assertThat(both.exitCode()).isEqualTo(2);
        }
    }

    private Child listen(String mode) throws Exception {
        Child lspc = lspc("listen", path, "--json", "--mode", mode, "--policy", policy, "--socket-mode", "0666");
        assertThat(lspc.line()).contains("\"listening\"");
        return lspc;
    }

    @Test
    void listen_saysWhatIsDecided() throws Exception {
        try (Child lspc = listen("connect");
                Child operator = peer(as(1000, "27"), PEER, "connect", path)) {
            assertThat(lspc.line())
                    .contains("\"pid\":" + operator.pid() + ",\"groups\":[27],")
                    .contains("\"decision\":\"allow\",\"rule\":\"operators\",\"grants\":[\"read-all\",\"submit\"],"
                            + "\"why\":\"allowed by rule 'operators'");
            try (Child other = peer(as(1000, ""), PEER, "connect", path)) {
                assertThat(lspc.line())
                        .contains("\"pid\":" + other.pid() + ",\"groups\":[],")
                        .contains("\"decision\":\"deny\",\"grants\":[],\"why\":\"denied: no rule matched");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"first-read", "datagram"})
    void listen_decidesOnWhoSent(String mode) throws Exception {
        String role = mode.equals("datagram") ? "send" : "talk";
        Files.writeString(Path.of(policy), SENDERS);
        try (Child lspc = listen(mode);
                Child sender = peer(as(1000, ""), PEER, role, path, "5")) {
            assertThat(lspc.line())
                    .contains("\"uid\":1000,\"gid\":1000,\"pid\":" + sender.pid() + ",")
                    .contains("\"moment\":\"" + mode + "\"")
                    .contains("\"decision\":\"allow\",\"rule\":\"sender\",\"grants\":[\"submit\"]");
        }
    }

    @Test
    void listen_decidesOnEveryRead() throws Exception {
        Files.writeString(Path.of(policy), SENDERS);
        try (Child lspc = listen("every-read");
                Child sender = peer("share", path, "1000")) {
            assertThat(lspc.line())
                    .contains("\"event\":\"data\"", "\"uid\":0,", "\"pid\":" + sender.pid() + ",")
                    .contains("\"decision\":\"allow\",\"rule\":\"root\"");
            assertThat(lspc.line()).contains("\"uid\":1000,").contains("\"decision\":\"deny\"");
        }
    }
}
