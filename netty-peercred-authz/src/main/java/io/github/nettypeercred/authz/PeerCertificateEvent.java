// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.Objects;

/** The user event that tells what TLS says of a channel's peer. It travels once, ahead of the handshake's own event. */
public sealed interface PeerCertificateEvent {
    /**
     * Returns what is known.
     *
     * @return the certificate, or why there is none
     */
    PeerCertificateResult result();

    /**
     * The handshake is completed.
     *
     * @param result the certificate, or {@link CertificateAbsence.Reason#NOT_SHOWN}
     */
    record Captured(PeerCertificateResult result) implements PeerCertificateEvent {
        /** Checks that nothing is null. */
        public Captured {
            Objects.requireNonNull(result, "result");
        }
    }

    /**
     * There is no handshake to be trusted, and the channel closes.
     *
     * @param result why
     */
    record Refused(CertificateAbsence result) implements PeerCertificateEvent {
        /** Checks that nothing is null. */
        public Refused {
            Objects.requireNonNull(result, "result");
        }
    }
}
