// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationListener;
import io.github.nettypeercred.authz.PeerCertificate;
import io.github.nettypeercred.authz.PeerDecision;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.tls.MutualTls;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One server and one policy, asked by curl and openssl over Unix domain sockets and TCP. A subclass a TLS provider. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractClientProgramsTest {
    private static final Pki PKI = new Pki();

    private static final Path POLICY = Path.of("src/main/one-identity/peers.toml");

    private final SslProvider provider;
    private final BlockingQueue<String> audit = new LinkedBlockingQueue<>();

    private Path folder;
    private EventLoopGroup group;
    private InetSocketAddress tcp;
    private InetSocketAddress tcpOptional;

    AbstractClientProgramsTest(SslProvider provider) {
        this.provider = provider;
    }

    @BeforeAll
    static void programs() throws Exception {
        for (List<String> program : List.of(List.of("curl", "--version"), List.of("openssl", "version"))) {
            Process process =
                    new ProcessBuilder(program).redirectErrorStream(true).start();
            String version = new String(process.getInputStream().readAllBytes(), UTF_8);
            System.out.println(version.lines().findFirst().orElse(""));
            assertThat(process.waitFor()).isZero();
        }
    }

    @BeforeEach
    void start(@TempDir Path newFolder) throws Exception {
        folder = newFolder;
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(folder.resolve("authority.pem"), PKI.authority.getCertificatePEM());
        group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        PeerAuthorization authorization = PeerAuthorization.builder(
                        PeerPolicy.parse(Files.readString(POLICY), "peers.toml"))
                .listener(new PeerAuthorizationListener() {
                    @Override
                    public void decided(@Nullable Channel channel, PeerEvidence evidence, PeerAccess access) {
                        audit.add(line(evidence, access));
                    }
                })
                .build();
        OneIdentityServer.local(group, open("plain"), authorization, null);
        OneIdentityServer.local(group, open("tls"), authorization, context(true));
        OneIdentityServer.local(group, open("required"), authorization, context(false));
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        tcp = (InetSocketAddress) OneIdentityServer.remote(group, any, authorization, context(false))
                .localAddress();
        tcpOptional = (InetSocketAddress) OneIdentityServer.remote(group, any, authorization, context(true))
                .localAddress();
    }

    private Path open(String socket) {
        return folder.resolve(socket);
    }

    private SslContext context(boolean optional) throws Exception {
        MutualTls tls = MutualTls.forServer(
                        PKI.server.getKeyPair().getPrivate(), provider, PKI.server.getCertificatePath())
                .trust(PKI.authority.getCertificate());
        return (optional ? tls.certificateOptional() : tls).build();
    }

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static String line(PeerEvidence evidence, PeerAccess access) {
        String who = (evidence.connection() instanceof UnixPeerCredentials peer ? "uid " + peer.uid() + " " : "")
                + (evidence.certificate() instanceof PeerCertificate certificate ? certificate.subject() + " " : "");
        return who
                + (access.decision() instanceof PeerDecision.Deny deny
                        ? "denied " + deny.reason()
                                + deny.rule().map(rule -> " " + rule).orElse("")
                        : "allowed " + access.rule().orElseThrow());
    }

    private String decided() throws InterruptedException {
        String line = audit.poll(20, TimeUnit.SECONDS);
        return line == null ? "nothing" : line;
    }

    private String run(String input, List<String> command) throws Exception {
        Path errors = Files.createTempFile(folder, "stderr", "");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(errors.toFile())
                .start();
        try {
            process.getOutputStream().write(input.getBytes(UTF_8));
            process.getOutputStream().close();
        } catch (IOException e) {
            // it has ended already
        }
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output.isEmpty() ? "exit " + process.exitValue() : output;
    }

    private String curl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("curl", "-s", "--max-time", "20", "--cacert", "authority.pem"));
        command.addAll(List.of(arguments));
        return run("", command);
    }

    private String[] with(X509Bundle bundle, String... more) throws IOException {
        Pki.write(bundle, folder, "client");
        return Stream.concat(Stream.of("--cert", "client.crt", "--key", "client.key"), Stream.of(more))
                .toArray(String[]::new);
    }

    private String url() {
        return "https://localhost:" + tcp.getPort() + "/";
    }

    @Test
    void overTcp_certificatesAreLetIn_byTheirRules() throws Exception {
        assertThat(curl(with(PKI.web, url()))).isEqualTo("spiffe://example.org/ns/web, may [read, write]\n");
        assertThat(decided()).isEqualTo("CN=web allowed workloads");
        assertThat(curl(with(PKI.alice, url()))).isEqualTo("CN=alice,O=Example, may []\n");
        assertThat(decided()).isEqualTo("CN=alice,O=Example allowed alice");
        assertThat(curl(with(PKI.build, url()))).isEqualTo("CN=b, may [write]\n");
        assertThat(decided()).isEqualTo("CN=b allowed build host");
    }

    @Test
    void overTcp_certificatesAreDenied_withTheReason() throws Exception {
        assertThat(curl(with(PKI.old, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("CN=old denied RULE shut out");
        assertThat(curl(with(PKI.mallory, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("CN=mallory,O=Example denied NO_RULE");
        assertThat(curl(with(PKI.agent, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("CN=agent denied NO_RULE"); // the rule wants a local user as well
        assertThat(curl(with(PKI.expired, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_EXPIRED");
        assertThat(curl(with(PKI.early, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_EXPIRED");
        assertThat(curl(with(PKI.forged, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_REFUSED");
        assertThat(curl(with(PKI.stranger, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_REFUSED");
        assertThat(curl(with(PKI.serverOnly, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_REFUSED");
        assertThat(curl(with(PKI.twoUris, url()))).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_REFUSED");
        assertThat(audit).isEmpty();
    }

    @Test
    void overTcp_withoutACertificate_isDenied() throws Exception {
        assertThat(curl(url())).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied NO_CERTIFICATE");
        assertThat(curl("https://localhost:" + tcpOptional.getPort() + "/")).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied NO_CERTIFICATE");
        assertThat(curl(with(PKI.web, "https://localhost:" + tcpOptional.getPort() + "/")))
                .startsWith("spiffe://example.org/ns/web, ");
        assertThat(decided()).isEqualTo("CN=web allowed workloads");
        assertThat(curl(with(PKI.forged, "https://localhost:" + tcpOptional.getPort() + "/")))
                .startsWith("exit ");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_REFUSED");
        assertThat(audit).isEmpty();
    }

    @Test
    void overTcp_whatIsNoTls_isDenied() throws Exception {
        assertThat(curl("http://localhost:" + tcp.getPort() + "/")).startsWith("exit ");
        assertThat(decided()).isEqualTo("denied TLS_FAILED");
        new Socket(tcp.getAddress(), tcp.getPort()).close();
        assertThat(decided()).isEqualTo("denied TLS_FAILED");
        assertThat(curl(with(PKI.web, "--tls-max", "1.2", url()))).startsWith("spiffe://example.org/ns/web, ");
        assertThat(decided()).isEqualTo("CN=web allowed workloads");
        assertThat(audit).isEmpty();
    }

    @Test
    void openssl_isLetInAndDenied_asCurlIs() throws Exception {
        assertThat(openssl(PKI.web, "-connect", "127.0.0.1:" + tcp.getPort()))
                .contains("spiffe://example.org/ns/web, may [read, write]");
        assertThat(decided()).isEqualTo("CN=web allowed workloads");
        assertThat(openssl(PKI.forged, "-connect", "127.0.0.1:" + tcp.getPort()))
                .doesNotContain("may");
        assertThat(decided()).isEqualTo("denied CERTIFICATE_REFUSED");
        assertThat(openssl(PKI.old, "-unix", "tls")).doesNotContain("may");
        assertThat(decided()).endsWith(" CN=old denied RULE shut out");
        assertThat(audit).isEmpty();
    }

    @Test
    void certificateOfAResumedSession_isThatOfItsContext_andDeniedWhenItHasRunOut() throws Exception {
        String[] server = {"-connect", "127.0.0.1:" + tcp.getPort()};
        for (String version : List.of("-tls1_2", "-tls1_3")) {
            X509Bundle brief = Pki.brief(PKI.authority, Instant.now().plusSeconds(8));
            openssl(brief, server[0], server[1], version, "-sess_out", "session");
            assertThat(decided()).isEqualTo("CN=web allowed workloads");
            String again = openssl(PKI.forged, server[0], server[1], version, "-sess_in", "session");
            String line = decided();
            if (Instant.now().isBefore(brief.getCertificate().getNotAfter().toInstant())) {
                assertThat(again).contains("spiffe://example.org/ns/web");
                assertThat(line).isEqualTo("CN=web allowed workloads"); // both providers resume
            }
            String other = "127.0.0.1:" + tcpOptional.getPort(); // of another context, which does not know the session
            openssl(PKI.forged, "-connect", other, version, "-sess_in", "session");
            assertThat(decided()).isEqualTo("denied CERTIFICATE_REFUSED");
            while (Instant.now().isBefore(brief.getCertificate().getNotAfter().toInstant())) {
                TimeUnit.MILLISECONDS.sleep(100);
            }
            assertThat(openssl(PKI.forged, server[0], server[1], version, "-sess_in", "session"))
                    .doesNotContain("may");
            assertThat(decided()).isEqualTo("denied CERTIFICATE_EXPIRED");
        }
        assertThat(audit).isEmpty();
    }

    private String openssl(X509Bundle bundle, String... where) throws Exception {
        List<String> command = new ArrayList<>(List.of("timeout", "20", "openssl", "s_client", "-quiet"));
        command.addAll(List.of(where));
        Pki.write(bundle, folder, "client");
        command.addAll(List.of("-CAfile", "authority.pem", "-cert", "client.crt", "-key", "client.key"));
        return run("GET / HTTP/1.0\r\n\r\n", command);
    }

    @Test
    void overAUnixSocket_theUserCounts_withAndWithoutTls() throws Exception {
        assumeTrue(isRoot(), "only root can be other users");
        assertThat(curlAs(1000, "--unix-socket", "plain", "http://localhost/")).isEqualTo("user 1000, may [read]\n");
        assertThat(decided()).isEqualTo("uid 1000 allowed local users");
        assertThat(curlAs(1000, "--unix-socket", "tls", "https://localhost/")).isEqualTo("user 1000, may [read]\n");
        assertThat(decided()).isEqualTo("uid 1000 allowed local users");
        assertThat(curlAs(2000, "--unix-socket", "plain", "http://localhost/")).startsWith("exit ");
        assertThat(decided()).isEqualTo("uid 2000 denied NO_RULE");
        assertThat(curlAs(2000, "--unix-socket", "tls", "https://localhost/")).startsWith("exit ");
        assertThat(decided()).isEqualTo("uid 2000 denied NO_RULE");
        assertThat(audit).isEmpty();
    }

    @Test
    void overAUnixSocket_userAndCertificateAreKept_andBothCanBeDemanded() throws Exception {
        assumeTrue(isRoot(), "only root can be other users");
        assertThat(curl(with(PKI.agent, "--unix-socket", "tls", "https://localhost/")))
                .isEqualTo("user 0 and spiffe://example.org/agent, may [read, restart, write]\n");
        assertThat(decided()).isEqualTo("uid 0 CN=agent allowed agent");
        assertThat(curlAs(2000, with(PKI.agent, "--unix-socket", "tls", "https://localhost/")))
                .startsWith("exit ");
        assertThat(decided()).isEqualTo("uid 2000 CN=agent denied NO_RULE");
        assertThat(curl("--unix-socket", "tls", "https://localhost/")).startsWith("exit ");
        assertThat(decided()).isEqualTo("uid 0 denied NO_RULE");
        assertThat(curlAs(2000, with(PKI.web, "--unix-socket", "tls", "https://localhost/")))
                .isEqualTo("user 2000 and spiffe://example.org/ns/web, may [read, write]\n");
        assertThat(decided()).isEqualTo("uid 2000 CN=web allowed workloads");
        assertThat(curlAs(2000, with(PKI.alice, "--unix-socket", "tls", "https://localhost/")))
                .startsWith("exit ");
        assertThat(decided()).isEqualTo("uid 2000 CN=alice,O=Example denied NO_RULE"); // the rule is for remote peers
        assertThat(audit).isEmpty();
    }

    @Test
    void overAUnixSocket_aBadHandshakeIsDenied_whateverTheUser() throws Exception {
        assumeTrue(isRoot(), "only root can be other users");
        for (String socket : List.of("tls", "required")) {
            assertThat(curlAs(1000, with(PKI.forged, "--unix-socket", socket, "https://localhost/")))
                    .startsWith("exit ");
            assertThat(decided()).isEqualTo("uid 1000 denied CERTIFICATE_REFUSED");
            assertThat(curlAs(1000, with(PKI.expired, "--unix-socket", socket, "https://localhost/")))
                    .startsWith("exit ");
            assertThat(decided()).isEqualTo("uid 1000 denied CERTIFICATE_EXPIRED");
            assertThat(curlAs(1000, "--unix-socket", socket, "http://localhost/"))
                    .startsWith("exit ");
            assertThat(decided()).isEqualTo("uid 1000 denied TLS_FAILED");
        }
        assertThat(curlAs(1000, "--unix-socket", "required", "https://localhost/"))
                .startsWith("exit ");
        assertThat(decided()).isEqualTo("uid 1000 denied NO_CERTIFICATE");
        assertThat(audit).isEmpty();
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private String curlAs(int uid, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "setpriv",
                "--reuid",
                Integer.toString(uid),
                "--regid",
                Integer.toString(uid),
                "--clear-groups",
                "curl",
                "-s",
                "--max-time",
                "20",
                "--cacert",
                "authority.pem"));
        command.addAll(List.of(arguments));
        return run("", command);
    }
}
