// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.authz.CertificateAbsence;
import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import io.github.nettypeercred.authz.PeerCertificateEvent;
import io.github.nettypeercred.authz.PeerCertificateResult;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.security.cert.CertificateExpiredException;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pipelines that are not as they should be. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsCertificateHandlerTest {
    private static final X509Bundle SERVER = selfSigned();

    private final List<Object> seen = new ArrayList<>();
    private final ChannelHandler witness = new ChannelInboundHandlerAdapter() {
        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            seen.add("message");
            ((ByteBuf) msg).release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            seen.add(evt);
        }
    };

    private static X509Bundle selfSigned() {
        try {
            return new CertificateBuilder()
                    .ecp256()
                    .subject("CN=server")
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static MutualTls server() {
        return MutualTls.forServer(SERVER.getKeyPair().getPrivate(), SslProvider.JDK, SERVER.getCertificatePath());
    }

    private static SslContext context() throws Exception {
        return server().trust(SERVER.getCertificate()).build();
    }

    private static SslHandler tls() throws Exception {
        return context().newHandler(ByteBufAllocator.DEFAULT);
    }

    private EmbeddedChannel channel(ChannelHandler... handlers) throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        channel.pipeline().addLast(handlers).addLast(witness);
        channel.register();
        channel.runPendingTasks();
        return channel;
    }

    private void assertRefused(EmbeddedChannel channel, Reason reason, String message) {
        assertThat(channel.isOpen()).isFalse();
        assertThat(seen.get(0)).isInstanceOf(PeerCertificateEvent.Refused.class);
        CertificateAbsence absence = ((PeerCertificateEvent.Refused) seen.get(0)).result();
        assertThat(absence.reason()).isEqualTo(reason);
        assertThat(absence.message()).contains(message);
        assertThat(PeerCertificateResult.of(channel)).isEqualTo(absence);
        assertThat(PeerIdentity.of(channel))
                .isInstanceOfSatisfying(PeerIdentity.Unidentified.class, nobody -> assertThat(nobody.why())
                        .contains(message));
    }

    @Test
    void withoutTlsInFront_closes() throws Exception {
        assertRefused(channel(new TlsCertificateHandler()), Reason.TLS_FAILED, "there is no SslHandler in front");
        seen.clear();
        assertRefused(channel(new TlsCertificateHandler(), tls()), Reason.TLS_FAILED, "there is no SslHandler");
    }

    @Test
    void addedToAnActiveChannelWithoutTls_closes() throws Exception {
        EmbeddedChannel channel = channel();
        channel.pipeline().addFirst(new TlsCertificateHandler());
        channel.runPendingTasks();
        assertRefused(channel, Reason.TLS_FAILED, "there is no SslHandler in front");
    }

    @Test
    void behindAHandlerThatChoosesTheContext_waits() throws Exception {
        SslContext context = context();
        EmbeddedChannel channel =
                channel(new SniHandler((name, promise) -> promise.setSuccess(context)), new TlsCertificateHandler());
        assertThat(channel.isOpen()).isTrue();
        assertThat(seen).isEmpty();
        channel.close();
    }

    @Test
    void messageAheadOfTheHandshake_closes() throws Exception {
        SslHandler tls = tls();
        EmbeddedChannel channel = channel(tls, new TlsCertificateHandler());
        ByteBuf message = Unpooled.copyInt(1);
        channel.pipeline().context(tls).fireChannelRead(message);
        channel.runPendingTasks();
        assertRefused(channel, Reason.TLS_FAILED, "ahead of the end of the handshake");
        assertThat(message.refCnt()).isZero();
        assertThat(seen).doesNotContain("message");
    }

    @Test
    void failedHandshake_isToldOnce() throws Exception {
        SslHandler tls = tls();
        EmbeddedChannel channel = channel(tls, new TlsCertificateHandler());
        channel.pipeline()
                .context(tls)
                .fireUserEventTriggered(new SslHandshakeCompletionEvent(
                        new SSLHandshakeException("failed").initCause(new CertificateExpiredException("old"))));
        assertRefused(channel, Reason.EXPIRED, "old");
        assertThat(seen)
                .filteredOn(each -> each instanceof PeerCertificateEvent)
                .hasSize(1);
    }

    @Test
    void eventOfAHandshakeThatNobodyHasMade_isNoCertificate() throws Exception {
        EmbeddedChannel channel = channel(tls(), new TlsCertificateHandler());
        channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        assertThat(seen).containsExactly(SslHandshakeCompletionEvent.SUCCESS);
        assertThat(PeerCertificateResult.of(channel))
                .isInstanceOfSatisfying(CertificateAbsence.class, absence -> assertThat(absence.reason())
                        .isEqualTo(Reason.NOT_CAPTURED));
        channel.close();
    }

    @Test
    void closedChannel_isRefused() throws Exception {
        EmbeddedChannel channel = channel(tls(), new TlsCertificateHandler());
        channel.close();
        channel.runPendingTasks();
        assertRefused(channel, Reason.TLS_FAILED, "closed before the end of the handshake");
    }

    @Test
    void serverThatTrustsNobody_isNotBuilt() {
        assertThatThrownBy(() -> server().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("trust(..)");
        assertThatThrownBy(() -> server().trust()).isInstanceOf(IllegalArgumentException.class);
    }
}
