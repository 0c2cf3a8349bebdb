// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.CertificateAbsence;
import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HandshakeFailureTest {
    private static void assertReason(@Nullable Throwable failure, Reason reason) {
        CertificateAbsence absence = HandshakeFailure.of(failure);
        assertThat(absence.reason()).as(String.valueOf(failure)).isEqualTo(reason);
        assertThat(absence.message()).isNotEmpty().hasSizeLessThan(310);
    }

    private static Throwable handshake(Throwable cause) {
        return new DecoderException(new SSLHandshakeException("failed").initCause(cause));
    }

    @Test
    void failure_isNamedByWhatItWasAbout() {
        assertReason(handshake(new CertificateExpiredException()), Reason.EXPIRED);
        assertReason(handshake(new CertificateException(new CertificateNotYetValidException())), Reason.EXPIRED);
        assertReason(
                handshake(new CertificateException(
                        new CertPathValidatorException("old", null, null, -1, BasicReason.EXPIRED))),
                Reason.EXPIRED);
        assertReason(
                handshake(new CertPathValidatorException("x", null, null, -1, BasicReason.REVOKED)), Reason.REFUSED);
        assertReason(handshake(new CertificateException("x".repeat(10_000))), Reason.REFUSED);
        assertReason(new SSLHandshakeException("Empty client certificate chain"), Reason.NOT_SHOWN);
        assertReason(handshake(new SSLHandshakeException("PEER_DID_NOT_RETURN_A_CERTIFICATE")), Reason.NOT_SHOWN);
        assertReason(new IOException("Empty client certificate chain"), Reason.TLS_FAILED);
        assertReason(new SSLHandshakeException("no cipher suites in common"), Reason.TLS_FAILED);
        assertReason(new ClosedChannelException(), Reason.TLS_FAILED);
        assertReason(null, Reason.TLS_FAILED);
        assertReason(new RuntimeException(), Reason.TLS_FAILED);
    }

    @Test
    void causesInACircle_end() {
        Throwable one = new IOException("one");
        Throwable other = new IOException("other", one);
        one.initCause(other);
        assertReason(one, Reason.TLS_FAILED);
    }
}
