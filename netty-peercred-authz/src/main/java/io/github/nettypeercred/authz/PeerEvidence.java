// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a peer when a policy decides: who connected, who sent, what its process is, and what TLS says of it.
 *
 * @param connection what was captured when the connection was set up; null if there is no connection, or nothing was captured of it
 * @param message what was captured of the first read, of this read or of this datagram; null if that was not asked for
 * @param process what is said of the process of who sent or, if {@code message} is null, of who connected; null if it was not
 *     looked up
 * @param certificate what TLS says of the peer; null if there is no TLS, or nobody looked. A peer with nothing but this is remote: not on a Unix
 *     domain socket
 */
public record PeerEvidence(
        @Nullable PeerCredentialsResult connection,
        @Nullable PeerCredentialsResult message,
        @Nullable ProcessEvidence process,
        @Nullable PeerCertificateResult certificate) {
    /** Checks that one of connection, message and certificate is there, and that none is in another's place. */
    public PeerEvidence {
        if (connection == null && message == null && certificate == null) {
            throw new IllegalArgumentException("neither a connection nor a message nor a certificate");
        }
        if (connection == null && message == null && process != null) {
            throw new IllegalArgumentException("the process of a peer without credentials");
        }
        if (connection instanceof UnixPeerCredentials peer && isOfMessage(peer)) {
            throw new IllegalArgumentException("credentials of a message in place of the connection's: " + peer);
        }
        if (message instanceof UnixPeerCredentials peer && !isOfMessage(peer)) {
            throw new IllegalArgumentException("credentials of a connection in place of the message's: " + peer);
        }
    }

    /**
     * Makes the evidence of a peer without TLS.
     *
     * @param connection what was captured when the connection was set up; null if there is none
     * @param message what was captured of a message; null if that was not asked for
     * @param process what is said of the process; null if it was not looked up
     */
    public PeerEvidence(
            @Nullable PeerCredentialsResult connection,
            @Nullable PeerCredentialsResult message,
            @Nullable ProcessEvidence process) {
        this(connection, message, process, null);
    }

    /**
     * Makes the evidence of a remote peer.
     *
     * @param certificate what TLS says of it
     * @return the evidence
     */
    public static PeerEvidence ofRemote(PeerCertificateResult certificate) {
        return new PeerEvidence(null, null, null, Objects.requireNonNull(certificate, "certificate"));
    }

    /**
     * Makes the evidence of one capture, which is the connection's or a message's, as {@link UnixPeerCredentials#source()} says.
     *
     * @param result the result of the capture
     * @return the evidence
     */
    public static PeerEvidence of(PeerCredentialsResult result) {
        Objects.requireNonNull(result, "result");
        return result instanceof UnixPeerCredentials peer && isOfMessage(peer)
                ? new PeerEvidence(null, result, null)
                : new PeerEvidence(result, null, null);
    }

    /**
     * Makes the evidence of a connection and of what came over it.
     *
     * @param connection what was captured when the connection was set up
     * @param message what was captured of the first read or of this read
     * @return the evidence
     */
    public static PeerEvidence of(PeerCredentialsResult connection, PeerCredentialsResult message) {
        return new PeerEvidence(
                Objects.requireNonNull(connection, "connection"), Objects.requireNonNull(message, "message"), null);
    }

    /**
     * Adds what is said of the process.
     *
     * @param newProcess what is said of it
     * @return a copy
     */
    public PeerEvidence withProcess(ProcessEvidence newProcess) {
        return new PeerEvidence(connection, message, Objects.requireNonNull(newProcess, "newProcess"), certificate);
    }

    /**
     * Adds what TLS over a Unix domain socket says.
     *
     * @param newCertificate what it says
     * @return a copy
     */
    public PeerEvidence withCertificate(PeerCertificateResult newCertificate) {
        return new PeerEvidence(connection, message, process, Objects.requireNonNull(newCertificate, "newCertificate"));
    }

    /** Whom rules are held against: who sent, if that was captured, else who connected; null of a remote peer. */
    @Nullable
    PeerCredentialsResult subject() {
        return message == null ? connection : message;
    }

    /** The certificate that rules are held against; null if there is none. */
    @Nullable
    PeerCertificate verified() {
        return certificate instanceof PeerCertificate verified ? verified : null;
    }

    /**
     * Why nothing but a denial can come of what TLS says, whatever the rules are; null if there is no such reason. A certificate that was
     * accepted may have run out since.
     */
    PeerDecision.@Nullable Reason certificateDenial() {
        if (certificate instanceof PeerCertificate verified) {
            return verified.isValid() ? null : PeerDecision.Reason.CERTIFICATE_EXPIRED;
        }
        if (certificate instanceof CertificateAbsence absence) {
            return absence.reason() == CertificateAbsence.Reason.NOT_SHOWN && subject() != null
                    ? null
                    : PeerDecision.Reason.of(absence.reason());
        }
        return null;
    }

    static boolean isOfMessage(UnixPeerCredentials peer) {
        Moment moment = peer.source().moment();
        return moment == Moment.FIRST_READ || moment == Moment.EVERY_READ || moment == Moment.DATAGRAM;
    }
}
