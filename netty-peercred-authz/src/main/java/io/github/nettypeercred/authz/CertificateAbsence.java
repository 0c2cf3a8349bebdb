// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.Objects;

/**
 * The fact that a peer has no verified certificate, with the reason. Where it is not that none was shown, the peer is denied whatever the rules
 * say.
 *
 * @param reason which, for programs
 * @param message what happened, for people: it may have the peer's own words in it, and is made one line of printable ASCII, cut off where it is
 *     long
 */
public record CertificateAbsence(Reason reason, String message) implements PeerCertificateResult {
    private static final int LONGEST = 300;

    /** Checks that nothing is null. */
    public CertificateAbsence {
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(message, "message");
        message = Quoted.plain(message.length() > LONGEST ? message.substring(0, LONGEST) + "..." : message);
    }

    @Override
    public String toString() {
        return reason + ": " + message;
    }

    /** Why there is no certificate. */
    public enum Reason {
        /** Nobody looked: the channel has no {@link CertificateCaptureHandler}, or it has not seen the end of the handshake. */
        NOT_CAPTURED,
        /** The peer showed none. */
        NOT_SHOWN,
        /** It is not valid any more, or not yet. */
        EXPIRED,
        /** It was shown and is not accepted: its issuer is not known, its use is another, it is malformed. */
        REFUSED,
        /** There was no TLS handshake, or it failed for another reason. */
        TLS_FAILED
    }
}
