// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.AttributeKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When it is decided about a peer whose certificate is captured, and what passes before. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CertificateCaptureTest {
    private static final InetSocketAddress ADDRESS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 4711);
    private static final PeerPolicy POLICY = PeerPolicy.builder()
            .allow("both", rule -> rule.user(1000).spiffeId("spiffe://a/x").grants("all"))
            .allow("users", rule -> rule.user(1000, 1001).grants("submit"))
            .allow("certificates", rule -> rule.spiffeId("spiffe://a/x").grants("read"))
            .build(null);

    private final List<String> seen = new ArrayList<>();
    private final PeerAuthorization authorization = PeerAuthorization.of(POLICY);
    private final Capture capture = new Capture();
    private final ChannelHandler witness = new ChannelInboundHandlerAdapter() {
        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            seen.add("active");
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            seen.add("message");
            ((ByteBuf) msg).release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerAccessEvent event) {
                seen.add(event.getClass().getSimpleName() + ": " + event.access());
            }
        }
    };

    private static final class Capture extends CertificateCaptureHandler {
        private @Nullable ChannelHandlerContext ctx;

        @Override
        public void handlerAdded(ChannelHandlerContext newCtx) {
            ctx = newCtx;
        }

        void shown(java.security.cert.Certificate... chain) {
            captured(Objects.requireNonNull(ctx), MadeCertificate.session(chain));
        }

        void failed(Reason reason) {
            refused(Objects.requireNonNull(ctx), new CertificateAbsence(reason, "made"));
        }
    }

    private static java.security.cert.Certificate spiffe(String id) {
        return MadeCertificate.spiffe(id).x509();
    }

    private EmbeddedChannel channel(@Nullable SocketAddress remote, ChannelHandler... handlers) {
        EmbeddedChannel channel = new EmbeddedChannel(false, false) {
            @Override
            protected @Nullable SocketAddress remoteAddress0() {
                return isActive() ? remote : null;
            }
        };
        channel.pipeline().addLast(handlers).addLast(witness);
        return channel;
    }

    private EmbeddedChannel remote(PeerAuthorizationHandler handler) throws Exception {
        EmbeddedChannel channel = channel(ADDRESS, capture, handler);
        channel.register();
        return channel;
    }

    private EmbeddedChannel local(long uid) throws Exception {
        EmbeddedChannel channel =
                channel(null, new PeerCredentialsHandler(), capture, new PeerAuthorizationHandler(authorization));
        PretendedPeer.of(uid, 100).pid(1).on(channel);
        channel.register();
        return channel;
    }

    private void assertDenied(EmbeddedChannel channel, String why) {
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(seen).hasSize(1);
        assertThat(seen.get(0)).startsWith("Denied: denied").contains(why);
        assertThat(PeerAccess.of(channel).isAllowed()).isFalse();
        assertThat(channel.<Object>readOutbound()).isNull();
    }

    @Test
    void remotePeer_isLetInByItsCertificate_andNothingPassesBefore() throws Exception {
        EmbeddedChannel channel = remote(new PeerAuthorizationHandler(authorization));
        channel.runPendingTasks();
        ChannelFuture early = channel.pipeline().lastContext().writeAndFlush(Unpooled.copyInt(1));
        assertThat(early.cause()).isInstanceOf(PeerUnauthorizedException.class);
        assertThat(seen).isEmpty();
        capture.shown(spiffe("spiffe://a/x"));
        assertThat(seen).containsExactly("Allowed: allowed by rule 'certificates', grants read", "active");
        channel.writeInbound(Unpooled.copyInt(2));
        assertThat(seen).hasSize(3).endsWith("message");
        assertThat(channel.pipeline().get(Capture.class)).isNull();
        assertThat(channel.pipeline().get(PeerAuthorizationHandler.class)).isNull();
        channel.close();
    }

    @Test
    void remotePeer_isDenied_withTheReason() throws Exception {
        EmbeddedChannel other = remote(new PeerAuthorizationHandler(authorization));
        capture.shown(spiffe("spiffe://a/y"));
        assertDenied(other, "no rule matched");
    }

    @Test
    void remotePeerWithoutCertificate_isDenied_alsoInShadowMode_andWhateverAnAuthorizerSays() throws Exception {
        PeerAuthorization shadow = PeerAuthorization.builder(POLICY).shadow().build();
        EmbeddedChannel inShadow = remote(new PeerAuthorizationHandler(shadow));
        capture.shown();
        assertDenied(inShadow, "the peer showed no certificate");
        assertThat(shadow.counters().denied()).isEqualTo(1);

        seen.clear();
        PeerAuthorization everybody = PeerAuthorization.builder((evidence, executor) ->
                        executor.newSucceededFuture(new PeerDecision.Allow("all", java.util.Set.of())))
                .build();
        Capture another = new Capture();
        EmbeddedChannel channel = channel(ADDRESS, another, new PeerAuthorizationHandler(everybody));
        channel.register();
        another.shown();
        assertDenied(channel, "the peer showed no certificate");
    }

    @Test
    void failedHandshake_isDenied_toldAndCounted_withoutAFarewell() throws Exception {
        PeerAuthorizationHandler handler = PeerAuthorizationHandler.builder(authorization)
                .farewell(why -> Unpooled.copyInt(1))
                .build();
        EmbeddedChannel channel = remote(handler);
        capture.failed(Reason.REFUSED);
        assertDenied(channel, "the peer's certificate was not accepted");
        assertThat(authorization.counters().denied()).isEqualTo(1);
    }

    @Test
    void failedHandshake_isDenied_whateverTheUser() throws Exception {
        for (Reason reason : Reason.values()) {
            seen.clear();
            Capture failing = new Capture();
            EmbeddedChannel channel =
                    channel(null, new PeerCredentialsHandler(), failing, new PeerAuthorizationHandler(authorization));
            PretendedPeer.of(1000, 100).pid(1).on(channel);
            channel.register();
            failing.failed(reason);
            assertDenied(channel, "denied: ");
            assertThat(PeerCertificateResult.of(channel)).isEqualTo(new CertificateAbsence(reason, "made"));
        }
    }

    @Test
    void localPeer_isDecidedAboutOnBoth() throws Exception {
        EmbeddedChannel both = local(1000);
        assertThat(seen).isEmpty();
        capture.shown(spiffe("spiffe://a/x"));
        assertThat(seen).containsExactly("Allowed: allowed by rule 'both', grants all", "active");
        both.close();
    }

    @Test
    void localPeerWithoutCertificate_isDecidedAboutOnItsCredentials() throws Exception {
        EmbeddedChannel user = local(1001);
        assertThat(seen).isEmpty();
        capture.shown();
        assertThat(seen).containsExactly("Allowed: allowed by rule 'users', grants submit", "active");
        user.close();
    }

    @Test
    void certificateOnAChannelThatMayBeAUnixSocket_doesNotReplaceTheCapture() throws Exception {
        EmbeddedChannel channel = channel(null, capture, new PeerAuthorizationHandler(authorization));
        channel.register();
        capture.shown(spiffe("spiffe://a/x"));
        assertDenied(channel, "there is no capture in front: add a PeerCredentialsHandler");
    }

    @Test
    void remotePeerWithoutACapture_isDenied_andItIsSaidWhatToAdd() throws Exception {
        EmbeddedChannel channel = channel(ADDRESS, new PeerAuthorizationHandler(authorization));
        channel.register();
        assertDenied(channel, "for TLS over TCP, a TlsCertificateHandler");
    }

    @Test
    void messageBeforeTheCertificate_closes() throws Exception {
        EmbeddedChannel channel = remote(new PeerAuthorizationHandler(authorization));
        ByteBuf message = Unpooled.copyInt(1);
        channel.pipeline().fireChannelRead(message);
        assertDenied(channel, "no TLS handshake that succeeded");
        assertThat(message.refCnt()).isZero();
        capture.shown(spiffe("spiffe://a/x")); // too late
        assertThat(seen).hasSize(1);
    }

    @Test
    void messagePastTheCapture_closes() throws Exception {
        EmbeddedChannel channel = remote(new PeerAuthorizationHandler(authorization));
        ByteBuf message = Unpooled.copyInt(1);
        channel.pipeline().context(Capture.class).fireChannelRead(message);
        assertDenied(channel, "a message came before the peer's certificate");
        assertThat(message.refCnt()).isZero();
    }

    @Test
    void captureThatIsRemoved_orStandsBehind_closes() throws Exception {
        EmbeddedChannel removed = remote(new PeerAuthorizationHandler(authorization));
        removed.pipeline().remove(capture);
        removed.runPendingTasks();
        assertThat(removed.isOpen()).isFalse();
        assertThat(seen).isEmpty();
        EmbeddedChannel behind = channel(ADDRESS, new PeerAuthorizationHandler(authorization), new PeerCaptureBehind());
        behind.register();
        assertDenied(behind, "the capture stands behind");
    }

    @Test
    void secondCapture_closes_andNobodyIsTakenForTheFirst() throws Exception {
        Capture inner = new Capture();
        EmbeddedChannel channel = channel(ADDRESS, capture, inner, new PeerAuthorizationHandler(authorization));
        channel.register();
        capture.shown(spiffe("spiffe://a/x"));
        seen.clear();
        inner.shown(spiffe("spiffe://a/y"));
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(PeerCertificateResult.of(channel))
                .isInstanceOfSatisfying(CertificateAbsence.class, absence -> assertThat(absence.reason())
                        .isEqualTo(Reason.TLS_FAILED));
    }

    @Test
    void tlsThatBeginsLater_isDecidedAboutByAnotherHandler_andByEachReload() throws Exception {
        PeerPolicy policy = PeerPolicy.builder()
                .deny("evil", rule -> rule.spiffeId("spiffe://a/evil"))
                .allow("users", rule -> rule.anyUser().grants("submit"))
                .build(null);
        PeerAuthorization again =
                PeerAuthorization.builder(policy).decideAgain().build();
        for (boolean another : new boolean[] {true, false}) {
            seen.clear();
            Capture late = new Capture();
            EmbeddedChannel channel = channel(null, new PeerCredentialsHandler(), new PeerAuthorizationHandler(again));
            PretendedPeer.of(1000, 100).pid(1).on(channel);
            channel.register();
            assertThat(seen).containsExactly("Allowed: allowed by rule 'users', grants submit", "active");
            channel.pipeline().addFirst(late);
            if (another) {
                channel.pipeline()
                        .addAfter("CertificateCaptureTest$Capture#0", null, new PeerAuthorizationHandler(again));
            }
            channel.runPendingTasks();
            late.shown(spiffe("spiffe://a/evil"));
            channel.runPendingTasks();
            assertThat(channel.isOpen()).isNotEqualTo(another);
            again.replace(policy);
            channel.runPendingTasks();
            assertThat(channel.isOpen()).isFalse();
            assertThat(seen.get(seen.size() - 1)).endsWith("denied by rule 'evil'");
        }
    }

    @Test
    void certificateThatComesWhileItIsBeingDecided_isDecidedOnToo() throws Exception {
        List<io.netty.util.concurrent.Promise<PeerDecision>> asked = new ArrayList<>();
        List<PeerEvidence> about = new ArrayList<>();
        PeerAuthorization asking = PeerAuthorization.builder((evidence, executor) -> {
                    about.add(evidence);
                    asked.add(executor.newPromise());
                    return asked.get(asked.size() - 1);
                })
                .build();
        EmbeddedChannel channel = channel(null, new PeerCredentialsHandler(), new PeerAuthorizationHandler(asking));
        PretendedPeer.of(1000, 100).pid(1).on(channel);
        channel.register();
        channel.pipeline().addFirst(capture);
        capture.shown(spiffe("spiffe://a/x"));
        asked.get(0).setSuccess(new PeerDecision.Allow("without", java.util.Set.of()));
        channel.runPendingTasks();
        assertThat(seen).isEmpty();
        asked.get(1).setSuccess(new PeerDecision.Allow("with", java.util.Set.of()));
        channel.runPendingTasks();
        assertThat(about.get(1).certificate()).isInstanceOf(PeerCertificate.class);
        assertThat(seen.get(0)).contains("rule 'with'");
        channel.close();
    }

    private static final class PeerCaptureBehind extends CertificateCaptureHandler {}

    @Test
    void result_isThatOfTheChannel_andNotACopy() throws Exception {
        EmbeddedChannel channel = remote(new PeerAuthorizationHandler(authorization));
        capture.shown(spiffe("spiffe://a/x"));
        assertThat(PeerCertificateResult.of(channel)).isInstanceOf(PeerCertificate.class);
        EmbeddedChannel other = new EmbeddedChannel();
        AttributeKey<Object> key = AttributeKey.valueOf("io.github.nettypeercred.authz.PeerCertificate");
        other.attr(key).set(channel.attr(key).get());
        assertThat(PeerCertificateResult.of((Channel) other))
                .isInstanceOfSatisfying(CertificateAbsence.class, absence -> assertThat(absence.reason())
                        .isEqualTo(Reason.NOT_CAPTURED));
        channel.close();
        other.close();
    }

    @Test
    void denialLine_namesCertificateAndAddress() throws Exception {
        EmbeddedChannel channel = channel(ADDRESS);
        channel.register();
        PeerEvidence evidence = PeerEvidence.ofRemote(MadeCertificate.spiffe("spiffe://a/y"));
        PeerAccess access = new PeerAccess(POLICY.decide(evidence), 3, true);
        String line = DecisionLine.denial("decided", channel, evidence, access, POLICY);
        assertThat(line)
                .startsWith("denied what=decided certificate=\"CN=workload URI:spiffe://a/y serial ")
                .contains(" remote=\"127.0.0.1:4711\" reason=NO_RULE generation=3 channel=")
                .contains("peer has CN=workload URI:spiffe://a/y")
                .matches("[ -~]+");
        channel.close();
    }

    @Test
    void openConnection_isClosedWhenItsCertificateRunsOut_ifItIsDecidedAgain() throws Exception {
        PeerAuthorization again =
                PeerAuthorization.builder(POLICY).decideAgain().build();
        EmbeddedChannel channel = remote(new PeerAuthorizationHandler(again));
        java.time.Instant soon = java.time.Instant.now().plusSeconds(6);
        java.security.cert.X509Certificate brief = MadeCertificate.x509(
                "CN=brief", builder -> builder.addSanUriName("spiffe://a/x").notAfter(soon));
        capture.shown(brief);
        assertThat(seen).contains("active");
        while (!java.time.Instant.now().isAfter(soon)) {
            Thread.sleep(50);
        }
        again.replace(POLICY);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(seen).contains("Revoked: denied: the peer's certificate is not valid now");
    }
}
