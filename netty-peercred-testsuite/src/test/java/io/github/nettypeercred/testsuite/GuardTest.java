// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** That a server of which nothing is changed but the command line is guarded, or not started. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuardTest {
    private static final String NETTY = "-Dio.netty.bootstrap.extensions=serviceload";
    private static final String POLICY = "-Dnettypeercred.auto.policy=";
    private static final String GUARDED = "io.github.nettypeercred.auto.Guarded";
    private static final int NOT_STARTED = 3;
    private static final int CLOSED = 4;

    private Path folder = Path.of("/");
    private Path policy = Path.of("/");
    private final Path socket = TestServer.newPath();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    @BeforeEach
    void makePolicy() throws IOException {
        folder = Files.createTempDirectory(Path.of(System.getProperty("user.home")), ".peercred")
                .toRealPath();
        policy = folder.resolve("peers.toml");
        write(rule("users", "user = 1000"));
    }

    @AfterEach
    void delete() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    private void write(String text) throws IOException {
        Path next = Files.writeString(folder.resolve("next"), text);
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(next, policy, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String rule(String name, String condition) {
        return rule(name, "allow", condition);
    }

    private static String rule(String name, String decision, String condition) {
        return "[[rule]]\nname = \"" + name + "\"\ndecision = \"" + decision + "\"\n" + condition + "\n";
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private static Peer java(List<String> options, String main, String... args) {
        return java(classPath(), options, main, args);
    }

    private static Peer java(String classPath, List<String> options, String main, String... args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of(
                "-Djava.util.logging.config.file=" + System.getProperty("java.util.logging.config.file"),
                "-cp",
                classPath,
                main));
        command.addAll(List.of(args));
        return Peer.startProgram(command);
    }

    private Peer server(String kind, String... options) {
        return java(List.of(options), PlainServer.class.getName(), kind, socket.toString());
    }

    private Peer bound(String kind, String... options) {
        Peer server = server(kind, options);
        assertThat(server.line()).isEqualTo("bound");
        TestServer.openToAll(socket);
        return server;
    }

    private String guardedBy() {
        return POLICY + policy;
    }

    /** What a user is sent, in bytes, by a server that it says nothing to. */
    private String bytesFor(long uid) {
        try (Peer peer = Peer.start(Peer.as(uid, 100, "-", "connect", socket.toString(), "shutdown", "drain"))) {
            String count = peer.line();
            peer.exit();
            return count;
        }
    }

    private void assertServed(Peer server, long uid) {
        try (Peer peer = Peer.start(
                Peer.as(uid, 100, "-", "connect", socket.toString(), "hear", "hear", "hear", "write", "x", "hear"))) {
            assertThat(List.of(peer.line(), peer.line(), peer.line(), peer.line()))
                    .containsExactlyInAnyOrder("early", "eager", "hello", "taken");
            assertThat(peer.exit()).isZero();
        }
        assertThat(Stream.generate(server::line).limit(5))
                .as("what the application sees of it, and of nobody else")
                .containsExactly("init", "registered", "active", "read x", "inactive");
    }

    private void assertNotStarted(Peer server, String why) throws IOException {
        assertThat(Files.readString(Path.of("..", "docs", "no-code.md")))
                .contains(why.replace(policy.toString(), "/etc/app/peers.toml")
                        .replaceFirst(".*(wants to know (a certificate|who sends)),.*", "$1"));
        assertThat(server.line())
                .startsWith("failed java.net.BindException: netty-peercred-auto: " + socket)
                .endsWith(why);
        assertThat(server.exit()).isEqualTo(NOT_STARTED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring", "by-hand"})
    void deniedPeer_getsNothing_andTheApplicationSeesNothingOfIt(String kind) {
        try (Peer server = bound(kind, NETTY, guardedBy())) {
            for (long denied : new long[] {0, 1001, 65534}) {
                assertThat(bytesFor(denied)).isEqualTo("0");
            }
            assertServed(server, 1000);
            assertThat(bytesFor(1001)).isEqualTo("0");
            assertServed(server, 1000);
        }
    }

    @Test
    void group_isThatOfThePeersProcess() throws IOException {
        write(rule("operators", "group = 27"));
        try (Peer server = bound("epoll", NETTY, guardedBy())) {
            assertThat(bytesFor(1000)).isEqualTo("0");
            try (Peer peer = Peer.start(Peer.as(1000, 100, "27", "connect", socket.toString(), "hear"))) {
                assertThat(peer.line()).isIn("early", "eager");
            }
            assertThat(server.line()).isEqualTo("init");
        }
    }

    @Test
    void changedPolicy_closesOpenConnections_andIsInForceForTheNext() throws IOException, InterruptedException {
        try (Peer server = bound("epoll", NETTY, guardedBy());
                Peer open = Peer.start(Peer.as(
                        1000, 100, "-", "connect", socket.toString(), "hear", "hear", "hear", "say", "in", "drain"))) {
            for (int i = 0; i < 3; i++) {
                open.line();
            }
            assertThat(open.line()).isEqualTo("in");
            write(rule("others", "user = 1001"));
            assertThat(open.line()).as("bytes until the server closes").isEqualTo("0");
            assertThat(bytesFor(1000)).isEqualTo("0");
            assertThat(Stream.generate(server::line).limit(4))
                    .containsExactly("init", "registered", "active", "inactive");
            assertServed(server, 1001);

            write(rule("spoiled", "usr = 1000"));
            Thread.sleep(3000); // three looks at the file: the policy before has to stay
            assertThat(bytesFor(1000)).isEqualTo("0");
            assertServed(server, 1001);
        }
    }

    @Test
    void policyThatCannotBeHeldAtAccept_isNotPutInForce() throws IOException, InterruptedException {
        try (Peer server = bound("epoll", NETTY, guardedBy())) {
            write(rule("first", "user = \"@any\"\nmoment = \"first-read\""));
            Thread.sleep(3000); // three looks at the file
            assertThat(bytesFor(1001)).isEqualTo("0");
            assertServed(server, 1000);
        }
    }

    @Test
    void serverWithoutPolicy_isNotStarted() throws IOException {
        try (Peer server = server("epoll", NETTY)) {
            assertNotStarted(
                    server,
                    "netty-peercred-auto is on the class path and no policy is set: set -Dnettypeercred.auto.policy to the absolute"
                            + " path of a policy file, or to off");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-Dnettypeercred.auto.polcy=/etc/x|there is no property -Dnettypeercred.auto.polcy: there are"
                        + " nettypeercred.auto.policy and nettypeercred.auto.datagrams",
                "-Dnettypeercred.auto.policy=peers.toml|-Dnettypeercred.auto.policy is \"peers.toml\", which is no absolute path:"
                        + " set it to one, or to off",
                "-Dnettypeercred.auto.datagrams=yes|-Dnettypeercred.auto.datagrams is \"yes\": set it to open, or not at all",
                "-Dnettypeercred.auto.policy=/no/peers.toml|/no/peers.toml: not read: /no: does not exist",
            })
    void serverWithAWrongProperty_isNotStarted(String option, String why) throws IOException {
        try (Peer server = server("epoll", NETTY, option)) {
            assertNotStarted(server, why);
        }
    }

    @Test
    void serverWithAPolicyThatOthersMayWrite_isNotStarted() throws IOException {
        Files.setPosixFilePermissions(policy, PosixFilePermissions.fromString("rw-rw-r--"));
        try (Peer server = server("epoll", NETTY, guardedBy())) {
            assertNotStarted(server, "has mode 664, so that others may write to it; chmod go-w " + policy);
        }
    }

    @Test
    void serverWithAWrongPolicy_isNotStarted() throws IOException {
        write(rule("users", "usr = 1000"));
        try (Peer server = server("epoll", NETTY, guardedBy())) {
            assertThat(server.line())
                    .startsWith("failed java.net.BindException: netty-peercred-auto: " + socket + " is not served: "
                            + policy + ":4:1: no such key: \"usr\"");
            assertThat(server.exit()).isEqualTo(NOT_STARTED);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "deny|executable = \"/usr/bin/python3\"|what the peer's process is",
                "allow|spiffe-id = \"spiffe://example.org/agent\"|a certificate",
                "deny|user = 1001~moment = \"every-read\"|who sends",
            })
    void serverWithAPolicyThatCannotBeHeldAtAccept_isNotStarted(String decision, String condition, String wanted)
            throws IOException {
        write(rule("odd", decision, condition.replace('~', '\n')) + rule("users", "user = 1000"));
        try (Peer server = server("epoll", NETTY, guardedBy())) {
            assertNotStarted(
                    server,
                    policy + ":1:1: rule \"odd\" wants to know " + wanted
                            + ", which is not known when a connection is accepted");
        }
    }

    @Test
    void serverWithoutTheNativeLibrary_isNotStarted() {
        try (Peer server = server("epoll", NETTY, guardedBy(), "-Dnettypeercred.native.file=/no/such.so")) {
            assertThat(server.line())
                    .startsWith("failed java.net.BindException: netty-peercred-auto: " + socket + " is not served: "
                            + policy + ": not read: cannot read " + policy)
                    .contains("/no/such.so");
            assertThat(server.exit()).isEqualTo(NOT_STARTED);
        }
    }

    @Test
    void serverWithoutTheModuleOfItsTransport_isNotStarted() throws IOException {
        String without = Stream.of(classPath().split(":"))
                .filter(entry -> !entry.contains("/netty-peercred-epoll"))
                .collect(Collectors.joining(":"));
        try (Peer server =
                java(without, List.of(NETTY, guardedBy()), PlainServer.class.getName(), "epoll", socket.toString())) {
            assertNotStarted(
                    server,
                    "add netty-peercred-epoll to the class path: it serves"
                            + " io.netty.channel.epoll.EpollServerDomainSocketChannel");
        }
    }

    @Test
    void serverOnNio_isNotStarted() throws IOException {
        try (Peer server = server("nio", NETTY, guardedBy())) {
            assertNotStarted(
                    server,
                    "NioServerDomainSocketChannel gives nobody the descriptors of its connections: use"
                            + " EpollServerDomainSocketChannel with netty-peercred-epoll, IoUringServerDomainSocketChannel with"
                            + " netty-peercred-io_uring, or KQueueServerDomainSocketChannel with netty-peercred-kqueue");
        }
    }

    @Test
    void serverOfDatagrams_isNotStarted_unlessTheyAreOpen() throws IOException {
        try (Peer server = server("datagrams", NETTY, guardedBy())) {
            assertNotStarted(
                    server,
                    "it is for datagrams, which cannot be guarded; -Dnettypeercred.auto.datagrams=open leaves them alone");
        }
        try (Peer server = server("datagrams", NETTY, guardedBy(), "-Dnettypeercred.auto.datagrams=open")) {
            assertThat(server.line()).isEqualTo("bound");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "local"})
    void otherServers_areLeftAlone_withoutAPolicyToo(String kind) {
        try (Peer server = server(kind, NETTY)) {
            assertThat(server.line()).isEqualTo("bound");
        }
    }

    @Test
    void guardThatIsOff_letsEverybodyIn() {
        try (Peer server = bound("epoll", NETTY, POLICY + "off")) {
            assertServed(server, 1001);
        }
    }

    @Test
    void nettyThatOnlyLogsExtensions_startsNothing() {
        try (Peer server = server("epoll", "-Dio.netty.bootstrap.extensions=log", guardedBy())) {
            assertThat(server.line()).startsWith("failed java.util.ServiceConfigurationError");
            assertThat(server.exit()).isEqualTo(NOT_STARTED);
        }
    }

    @Test
    void adoptedSocket_isGuarded() {
        try (Peer server = server("adopted", NETTY, guardedBy())) {
            assertThat(server.line()).isEqualTo("listening");
            assertThat(bytesFor(1001)).isEqualTo("0");
            assertServed(server, 1000);
        }
    }

    @Test
    void adoptedSocketWithoutAPolicy_isClosed_andServesNobody() {
        try (Peer server = server("adopted", NETTY)) {
            assertThat(List.of(server.line(), server.line())).containsExactly("listening", "closed");
            assertThat(server.exit()).isEqualTo(CLOSED);
        }
    }

    @Test
    void adoptedSocketForDatagrams_isClosed() {
        try (Peer server = server("adopted-datagrams", NETTY, guardedBy())) {
            assertThat(List.of(server.line(), server.line())).containsExactly("listening", "closed");
            assertThat(server.exit()).isEqualTo(CLOSED);
        }
    }

    @Test
    void serverThatTakesTheGuardOut_servesNobody() {
        try (Peer server =
                java(List.of(NETTY, guardedBy()), PlainServer.class.getName(), "epoll", socket.toString(), "bare")) {
            assertThat(server.line()).isEqualTo("bound");
            TestServer.openToAll(socket);
            assertThat(bytesFor(1000)).isEqualTo("0");
            assertThat(bytesFor(1001)).isEqualTo("0");
            server.kill();
        }
    }

    @Test
    void mainClass_checksAlone() {
        try (Peer check = java(List.of(NETTY, guardedBy()), GUARDED)) {
            assertThat(check.line()).isEqualTo("netty-peercred-auto: servers on Unix sockets are guarded by " + policy);
            assertThat(check.exit()).isZero();
        }
        for (List<String> wrong : List.of(
                List.of(guardedBy()),
                List.of(NETTY),
                List.of(NETTY, POLICY + "off"),
                List.of(NETTY, POLICY + "/no/peers.toml"))) {
            try (Peer check = java(wrong, GUARDED)) {
                assertThat(check.exit()).as(wrong.toString()).isOne();
            }
        }
    }

    @Test
    void mainClass_startsAnother_withNettysPropertySet() {
        try (Peer server =
                java(List.of(guardedBy()), GUARDED, PlainServer.class.getName(), "epoll", socket.toString())) {
            assertThat(server.line()).isEqualTo("bound");
            TestServer.openToAll(socket);
            assertThat(bytesFor(1001)).isEqualTo("0");
            assertServed(server, 1000);
        }
        try (Peer server = java(List.of(), GUARDED, PlainServer.class.getName(), "epoll", socket.toString())) {
            assertThat(server.exit()).isOne();
        }
    }
}
