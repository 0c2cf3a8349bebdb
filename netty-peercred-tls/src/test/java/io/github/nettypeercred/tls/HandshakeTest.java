// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.CertificateAbsence;
import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerCertificate;
import io.github.nettypeercred.authz.PeerCertificateResult;
import io.github.nettypeercred.authz.PeerPolicy;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.OptionalSslHandler;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Handshakes of the JDK's TLS between two channels in memory. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HandshakeTest {
    private static final X509Bundle AUTHORITY = issue(null, "CN=Authority,O=Example", builder -> {});
    private static final X509Bundle OTHER = issue(null, "CN=Other", builder -> {});
    private static final X509Bundle SERVER = issue(AUTHORITY, "CN=server", builder -> {});
    private static final X509Bundle ROOT = issue(AUTHORITY, "CN=root,O=Example", builder -> {});
    private static final PeerPolicy POLICY = PeerPolicy.builder()
            .deny("evil", rule -> rule.spiffeId("spiffe://a/evil"))
            .allow("root", rule -> rule.certificateSubject("CN=root,O=Example")
                    .certificateIssuer("CN=Authority,O=Example"))
            .build();

    private final EmbeddedChannel server = new Remote();
    private final EmbeddedChannel client = new Remote();

    /** What is added to a certificate. */
    @FunctionalInterface
    private interface Adding {
        void to(CertificateBuilder builder) throws Exception;
    }

    private static X509Bundle issue(@Nullable X509Bundle by, String subject, Adding adding) {
        try {
            CertificateBuilder builder = new CertificateBuilder().ecp256().subject(subject);
            adding.to(builder);
            return by == null ? builder.setIsCertificateAuthority(true).buildSelfSigned() : builder.buildIssuedBy(by);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Remote extends EmbeddedChannel {
        Remote() {
            super(false, false);
        }

        @Override
        protected SocketAddress remoteAddress0() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        }
    }

    private static ChannelHandler tls(X509Certificate... authorities) throws Exception {
        return context(authorities).newHandler(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT);
    }

    private static SslContext context(X509Certificate... authorities) throws Exception {
        return MutualTls.forServer(SERVER.getKeyPair().getPrivate(), SslProvider.JDK, SERVER.getCertificatePath())
                .trust(authorities)
                .build();
    }

    /** TLS that asks for no certificate. */
    private static ChannelHandler anonymousTls() throws Exception {
        return SslContextBuilder.forServer(SERVER.getKeyPair().getPrivate(), SERVER.getCertificatePath())
                .sslProvider(SslProvider.JDK)
                .build()
                .newHandler(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT);
    }

    private static ChannelHandler clientTls(@Nullable X509Bundle shown) throws Exception {
        SslContextBuilder builder = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .endpointIdentificationAlgorithm(null);
        if (shown != null) {
            builder.keyManager(shown.getKeyPair().getPrivate(), shown.getCertificatePath());
        }
        return builder.build().newHandler(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT, "localhost", 1);
    }

    private static void unlessRefused(Runnable step) {
        try {
            step.run();
        } catch (DecoderException e) {
            assertThat(e).hasMessageContaining("SSLHandshakeException"); // of a server that refuses, or its alert
        }
    }

    private void connect() throws Exception {
        server.register();
        client.register();
        unlessRefused(this::exchange);
    }

    private void exchange() {
        boolean more = true;
        while (more) {
            more = move(client, server);
            more |= move(server, client);
        }
    }

    private static boolean move(EmbeddedChannel from, EmbeddedChannel to) {
        from.runPendingTasks();
        boolean moved = false;
        for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
            to.pipeline().fireChannelRead(bytes);
            moved = true;
        }
        if (moved) {
            to.pipeline().fireChannelReadComplete();
            to.runPendingTasks();
        }
        return moved;
    }

    /** What a server that trusts authorities makes of a certificate. */
    private PeerCertificateResult shown(X509Bundle bundle, X509Certificate... authorities) throws Exception {
        server.pipeline().addLast(tls(authorities), new TlsCertificateHandler(), new PeerAuthorizationHandler(POLICY));
        client.pipeline().addLast(clientTls(bundle));
        connect();
        return PeerCertificateResult.of(server);
    }

    private void assertRefused(PeerCertificateResult result, Reason reason, String why) {
        assertThat(result).isInstanceOfSatisfying(CertificateAbsence.class, absence -> {
            assertThat(absence.reason()).isEqualTo(reason);
            assertThat(absence.message()).contains(why);
        });
        assertThat(server.isOpen()).isFalse();
        assertThat(PeerAccess.of(server).isAllowed()).isFalse();
    }

    @AfterEach
    void close() {
        unlessRefused(client::finishAndReleaseAll);
        unlessRefused(server::finishAndReleaseAll);
    }

    @Test
    void certificate_isLetIn() throws Exception {
        PeerCertificateResult result = shown(ROOT, AUTHORITY.getCertificate());
        assertThat(((PeerCertificate) result).subject()).isEqualTo("CN=root,O=Example");
        assertThat(PeerAccess.of(server).isAllowed()).isTrue();
    }

    @Test
    void nameInUtf16_isNotTakenForWhatItsBytesAreInAscii() throws Exception {
        X509Bundle made = issue(AUTHORITY, "CN=#1E04726F6F74,O=Example", builder -> {});
        assertRefused(shown(made, AUTHORITY.getCertificate()), Reason.REFUSED, "neither ASCII nor UTF-8");
    }

    @Test
    void spiffeIdBesideANameThatCannotBeRead_isNotPassedOver() throws Exception {
        byte[] id = "spiffe://a/evil".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        byte[] names = new byte[2 + 2 + id.length + 2 + 8];
        names[0] = 0x30;
        names[1] = (byte) (names.length - 2);
        names[2] = (byte) 0x86;
        names[3] = (byte) id.length;
        System.arraycopy(id, 0, names, 4, id.length);
        System.arraycopy(
                new byte[] {(byte) 0x86, 8, 'h', 't', 't', 'p', ':', '/', '/', '['}, 0, names, 4 + id.length, 10);
        X509Bundle made = issue(
                AUTHORITY, "CN=root,O=Example", builder -> builder.addExtensionOctetString("2.5.29.17", false, names));
        assertRefused(shown(made, AUTHORITY.getCertificate()), Reason.REFUSED, "malformed alternative names");
    }

    @Test
    void authorityOfAnothersName_isHeldApartByAContextOfItsOwn_andNotByItsName() throws Exception {
        X509Bundle namesake =
                issue(OTHER, "CN=Authority,O=Example", builder -> builder.setIsCertificateAuthority(true));
        X509Bundle made = issue(namesake, "CN=root,O=Example", builder -> {});
        assertRefused(shown(made, AUTHORITY.getCertificate()), Reason.REFUSED, "");
    }

    @Test
    void authoritiesOfOneContext_areNotHeldApartByName() throws Exception {
        X509Bundle namesake =
                issue(OTHER, "CN=Authority,O=Example", builder -> builder.setIsCertificateAuthority(true));
        X509Bundle made = issue(namesake, "CN=root,O=Example", builder -> {});
        shown(made, AUTHORITY.getCertificate(), OTHER.getCertificate());
        assertThat(PeerAccess.of(server).isAllowed()).isTrue(); // as the documents say
    }

    @Test
    void tlsWithinTls_isOfTheInnerHandshake() throws Exception {
        TlsCertificateHandler capture = new TlsCertificateHandler();
        server.pipeline().addLast(anonymousTls(), tls(AUTHORITY.getCertificate()), capture);
        client.pipeline().addLast("outer", clientTls(null));
        connect();
        assertThat(server.isOpen()).isTrue();
        assertThat(((CertificateAbsence) PeerCertificateResult.of(server)).reason())
                .isEqualTo(Reason.NOT_CAPTURED);
        assertThat(server.pipeline().context(capture)).isNotNull();
        client.pipeline().addAfter("outer", "inner", clientTls(ROOT));
        exchange();
        assertThat(((PeerCertificate) PeerCertificateResult.of(server)).subject())
                .isEqualTo("CN=root,O=Example");
    }

    @Test
    void tlsWithinTls_whoseContextIsChosenByName_isOfTheInnerHandshake() throws Exception {
        SslContext inner = context(AUTHORITY.getCertificate());
        server.pipeline()
                .addLast(
                        anonymousTls(),
                        new SniHandler((name, promise) -> promise.setSuccess(inner)),
                        new TlsCertificateHandler());
        client.pipeline().addLast("outer", clientTls(null));
        connect();
        assertThat(((CertificateAbsence) PeerCertificateResult.of(server)).reason())
                .isEqualTo(Reason.NOT_CAPTURED);
        client.pipeline().addAfter("outer", "inner", clientTls(ROOT));
        exchange();
        assertThat(((PeerCertificate) PeerCertificateResult.of(server)).subject())
                .isEqualTo("CN=root,O=Example");
    }

    @Test
    void tlsThatAPeerMayLeaveOut_isNotReplacedByTheOuterOne() throws Exception {
        server.pipeline()
                .addLast(
                        tls(AUTHORITY.getCertificate()),
                        new OptionalSslHandler(context(OTHER.getCertificate())),
                        new TlsCertificateHandler());
        client.pipeline().addLast(clientTls(ROOT));
        connect();
        assertRefused(PeerCertificateResult.of(server), Reason.TLS_FAILED, "there is no SslHandler in front");
    }

    @Test
    void certificatesOfBothHandshakes_close() throws Exception {
        server.pipeline()
                .addLast(
                        tls(AUTHORITY.getCertificate()),
                        new TlsCertificateHandler(),
                        tls(AUTHORITY.getCertificate()),
                        new TlsCertificateHandler());
        client.pipeline().addLast(clientTls(ROOT), clientTls(ROOT));
        connect();
        assertRefused(PeerCertificateResult.of(server), Reason.TLS_FAILED, "a certificate was captured before");
    }
}
