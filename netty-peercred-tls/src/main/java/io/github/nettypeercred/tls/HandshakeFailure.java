// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import io.github.nettypeercred.authz.CertificateAbsence;
import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why a handshake failed, as far as the exceptions of the providers tell. The channel closes for any of the reasons. */
final class HandshakeFailure {
    private static final int MOST = 16;

    /** What the JDK and BoringSSL say of a client without a certificate where one is demanded: they have no type for it. */
    private static final List<String> NO_CERTIFICATE = List.of(
            "Empty client certificate chain", "Empty server certificate chain", "PEER_DID_NOT_RETURN_A_CERTIFICATE");

    private HandshakeFailure() {}

    static CertificateAbsence of(@Nullable Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable each = failure; each != null && causes.size() < MOST; each = each.getCause()) {
            causes.add(each);
        }
        for (Throwable each : causes) {
            if (isExpiry(each)) {
                return absence(Reason.EXPIRED, each);
            }
        }
        for (Throwable each : causes) {
            if (each instanceof CertificateException
                    || each instanceof CertPathValidatorException
                    || each instanceof CertPathBuilderException) {
                return absence(Reason.REFUSED, causes.get(causes.size() - 1));
            }
        }
        for (Throwable each : causes) {
            String message = each.getMessage();
            if (each instanceof SSLException
                    && message != null
                    && NO_CERTIFICATE.stream().anyMatch(message::contains)) {
                return new CertificateAbsence(Reason.NOT_SHOWN, "the handshake demands a certificate");
            }
        }
        if (failure == null || failure instanceof ClosedChannelException) {
            return new CertificateAbsence(
                    Reason.TLS_FAILED, "the connection was closed before the end of the handshake");
        }
        return absence(Reason.TLS_FAILED, failure);
    }

    private static boolean isExpiry(Throwable each) {
        return each instanceof CertificateExpiredException
                || each instanceof CertificateNotYetValidException
                || (each instanceof CertPathValidatorException path
                        && (path.getReason() == BasicReason.EXPIRED || path.getReason() == BasicReason.NOT_YET_VALID));
    }

    private static CertificateAbsence absence(Reason reason, Throwable cause) {
        String text = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return new CertificateAbsence(reason, text);
    }
}
