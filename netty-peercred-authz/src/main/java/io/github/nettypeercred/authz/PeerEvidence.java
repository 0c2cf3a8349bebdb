// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a peer when a policy decides: who connected, who sent, and what its process is.
 *
 * @param connection what was captured when the connection was set up; null if there is no connection, or nothing was captured of it
 * @param message what was captured of the first read, of this read or of this datagram; null if that was not asked for
 * @param process what is said of the process of who sent or, if {@code message} is null, of who connected; null if it was not
 *     looked up
 */
public record PeerEvidence(
        @Nullable PeerCredentialsResult connection,
        @Nullable PeerCredentialsResult message,
        @Nullable ProcessEvidence process) {
    /** Checks that one of connection and message is there, and that neither is in the other's place. */
    public PeerEvidence {
        if (connection == null && message == null) {
            throw new IllegalArgumentException("neither a connection nor a message");
        }
        if (connection instanceof UnixPeerCredentials peer && isOfMessage(peer)) {
            throw new IllegalArgumentException("credentials of a message in place of the connection's: " + peer);
        }
        if (message instanceof UnixPeerCredentials peer && !isOfMessage(peer)) {
            throw new IllegalArgumentException("credentials of a connection in place of the message's: " + peer);
        }
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
        return new PeerEvidence(connection, message, Objects.requireNonNull(newProcess, "newProcess"));
    }

    /** Whom rules are held against: who sent, if that was captured, else who connected. */
    PeerCredentialsResult subject() {
        return message == null ? Objects.requireNonNull(connection) : message;
    }

    static boolean isOfMessage(UnixPeerCredentials peer) {
        Moment moment = peer.source().moment();
        return moment == Moment.FIRST_READ || moment == Moment.EVERY_READ || moment == Moment.DATAGRAM;
    }
}
