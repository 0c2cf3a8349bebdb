// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationListener;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.examples.dbus.ClassPath;
import io.github.nettypeercred.examples.dbus.Program;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server with {@link AdminPolicy} answers curl and others, each in a process of its own under its own user. A subclass a server. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class AbstractAdminServerTest {
    private static final String ADM = "4";

    private final BlockingQueue<String> decided = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> refused = new LinkedBlockingQueue<>();

    private Path folder;
    private Path socket;
    private AutoCloseable server;

    /** Starts the example, open to every user. */
    protected abstract AutoCloseable start(Path path, PeerAuthorization authorization) throws Exception;

    @BeforeEach
    void start(@TempDir Path newFolder) throws Exception {
        Program.need("curl", "curl");
        Program.needRoot();
        folder = newFolder;
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        socket = folder.resolve("socket");
        server = serve(socket, AdminPolicy.policy());
    }

    private AutoCloseable serve(Path path, PeerPolicy policy) throws Exception {
        PeerAuthorization authorization = PeerAuthorization.builder(policy)
                .listener(new PeerAuthorizationListener() {
                    @Override
                    public void decided(@Nullable Channel channel, PeerEvidence evidence, PeerAccess access) {
                        UnixPeerCredentials peer = (UnixPeerCredentials) evidence.connection();
                        decided.add(peer.uid() + " " + access.rule().orElse("denied"));
                    }

                    @Override
                    public void refused(Channel channel, PeerAccess access, String grant, String action) {
                        UnixPeerCredentials peer =
                                UnixPeerCredentials.of(channel).orElseThrow();
                        refused.add(peer.uid() + " " + access.rule().orElseThrow() + " " + grant + " " + action);
                    }
                })
                .build();
        AutoCloseable started = start(path, authorization);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        return started;
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    private Program curl(List<String> prefix, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("curl", "-s", "--max-time", "20", "--unix-socket"));
        command.add(socket.toString());
        command.addAll(List.of("-w", "%{http_code} %{http_version} %{num_connects}\\n"));
        command.addAll(List.of(arguments));
        return Program.run(prefix, command);
    }

    private static List<String> as(long uid, long gid, String... groups) {
        return groups.length == 0
                ? Program.as(uid, gid)
                : List.of("setpriv", "--reuid=" + uid, "--regid=" + gid, "--groups=" + String.join(",", groups));
    }

    private static String you(Program client, long uid, long gid, String groups) {
        return "you are uid=%d gid=%d pid=%d groups=[%s] source=SO_PEERCRED/CONNECT/EFFECTIVE\n"
                .formatted(uid, gid, client.pid(), groups);
    }

    private static String version(String option) {
        return option.equals("--http1.1") ? "1.1" : "2";
    }

    @ParameterizedTest
    @ValueSource(strings = {"--http1.1", "--http2-prior-knowledge"})
    void everybody_isToldWhoItIs(String protocol) throws IOException {
        String success = "200 " + version(protocol) + " 1\n";
        Program root = curl(List.of(), protocol, "http://localhost/");
        assertThat(root.output()).startsWith("you are uid=0 gid=0 pid=" + root.pid() + " ");
        assertThat(root.output()).endsWith(success);
        Program first = curl(as(1000, 1234), protocol, "http://localhost/");
        assertThat(first.output()).isEqualTo(you(first, 1000, 1234, "") + success);
        Program last = curl(as(59999, 4294967290L, ADM, "27"), protocol, "http://localhost/");
        assertThat(last.output()).isEqualTo(you(last, 59999, 4294967290L, "4, 27") + success);
        assertThat(decided).containsExactly("0 root", "1000 users", "59999 operators");
        assertThat(refused).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--http1.1", "--http2-prior-knowledge"})
    void admin_takesTheGrant(String protocol) throws IOException {
        String version = " " + version(protocol) + " 1\n";
        String url = "http://localhost/admin";
        assertThat(curl(List.of(), protocol, url).output()).isEqualTo("welcome\n200" + version);
        assertThat(curl(as(1000, 1000, ADM), protocol, url).output()).isEqualTo("welcome\n200" + version);
        assertThat(refused).isEmpty();
        assertThat(curl(as(1000, 1000), protocol, url).output()).isEqualTo("user 1000 may not\n403" + version);
        assertThat(curl(as(1001, 1000, "27"), protocol, url).output()).isEqualTo("user 1001 may not\n403" + version);
        assertThat(refused).containsExactly("1000 users admin GET /admin", "1001 users admin GET /admin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--http1.1", "--http2-prior-knowledge"})
    void userWhomNoRuleAllows_isNotAnswered(String protocol) throws IOException {
        for (long uid : List.of(999L, 60000L, 4294967290L)) {
            Program client = curl(as(uid, 1000, ADM), protocol, "http://localhost/");
            assertThat(client.output()).matches("000 0 [01]\n");
            assertThat(client.status()).isIn(7, 52, 55, 56); // no answer, or the connection is reset
            assertThat(decided).isNotEmpty().allMatch((uid + " denied")::equals);
            decided.clear();
        }
        assertThat(refused).isEmpty();
    }

    @Test
    void keptConnection_isDecidedAboutOnce_andEachRequestIsAskedAbout() throws IOException {
        Program client =
                curl(as(1000, 1000), "--http1.1", "http://localhost/", "http://localhost/admin", "http://localhost/");
        assertThat(client.output())
                .isEqualTo(you(client, 1000, 1000, "") + "200 1.1 1\nuser 1000 may not\n403 1.1 0\n"
                        + you(client, 1000, 1000, "") + "200 1.1 0\n");
        assertThat(decided).containsExactly("1000 users");
        assertThat(refused).containsExactly("1000 users admin GET /admin");
    }

    @Test
    void pipelinedRequests_areAnsweredInOrder() throws IOException {
        Program client = raw("GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\nGET /admin HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
                + "GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n");
        assertThat(client.output().lines().filter(line -> line.startsWith("HTTP/") || line.contains("1000")))
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("HTTP/1.1 200"),
                        line -> assertThat(line + "\n").isEqualTo(you(client, 1000, 1000, "")),
                        line -> assertThat(line).startsWith("HTTP/1.1 403"),
                        line -> assertThat(line).isEqualTo("user 1000 may not"),
                        line -> assertThat(line).startsWith("HTTP/1.1 200"),
                        line -> assertThat(line + "\n").isEqualTo(you(client, 1000, 1000, "")));
        assertThat(decided).containsExactly("1000 users");
    }

    /** Sends bytes as user 1000. */
    protected final Program raw(String text) throws IOException {
        Program.need("/usr/bin/python3", "python3");
        return Program.run(
                as(1000, 1000), List.of("/usr/bin/python3", System.getProperty("raw.python"), socket.toString(), text));
    }

    @Test
    void streamsOfOneConnection_areAskedAboutEach() throws IOException {
        Program client = streams(as(1000, 1234));
        assertThat(client.output().lines())
                .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                Collections.nCopies(
                                        20, "200 " + you(client, 1000, 1234, "").strip())
                                        .stream(),
                                Collections.nCopies(20, "403 user 1000 may not").stream())
                        .toList());
        assertThat(decided).containsExactly("1000 users");
        assertThat(refused).hasSize(20).allMatch("1000 users admin GET /admin"::equals);
    }

    @Test
    void streamsOfADeniedConnection_areNotAnswered() throws IOException {
        Program client = streams(as(60000, 1234));
        assertThat(client.output()).doesNotContain("you are").doesNotContain("may not");
        assertThat(decided).containsExactly("60000 denied");
        assertThat(refused).isEmpty();
    }

    private Program streams(List<String> prefix) throws IOException {
        return Program.run(
                prefix,
                List.of(
                        System.getProperty("java.home") + "/bin/java",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        ClassPath.FOR_ALL,
                        StreamsClient.class.getName(),
                        socket.toString(),
                        "20",
                        "/",
                        "/admin"));
    }

    @Test
    void deniedConnections_leaveNoDescriptor() throws Exception {
        Path denying = folder.resolve("denying");
        try (AutoCloseable other = serve(
                denying,
                PeerPolicy.builder()
                        .deny("root", rule -> rule.root())
                        .allow("users", rule -> rule.userRange(1000, 59999))
                        .build())) {
            assertThat(other).isNotNull();
            denied(denying); // what is opened once
            long before = descriptors();
            for (int i = 0; i < 200; i++) {
                denied(denying);
            }
            for (int i = 0; i < 100 && descriptors() > before; i++) {
                Thread.sleep(100);
            }
            assertThat(descriptors()).isLessThanOrEqualTo(before);
            assertThat(decided).hasSize(201).allMatch("0 root"::equals);
        }
    }

    private static void denied(Path path) throws IOException {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
