// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import java.util.Objects;

/** The user event by which the handlers of this package tell those behind them, exactly once, what the authentication came to. */
public sealed interface ExternalEvent {
    /**
     * On a server: the client is authenticated, and has begun to send messages. Comes before the first of them.
     *
     * @param identity who it is, as {@link ExternalIdentity#of} gives it from now on
     */
    record Authenticated(ExternalIdentity identity) implements ExternalEvent {
        /** Checks that nothing is null. */
        public Authenticated {
            Objects.requireNonNull(identity, "identity");
        }
    }

    /**
     * On a client: the server has accepted us.
     *
     * @param serverGuid the server's GUID, 32 hexadecimal digits: what the server says, not attested. If the address has one, compare
     * @param unixFds whether the server agreed that descriptors may be passed
     */
    record LoggedIn(String serverGuid, boolean unixFds) implements ExternalEvent {
        /** Checks that nothing is null. */
        public LoggedIn {
            Objects.requireNonNull(serverGuid, "serverGuid");
        }
    }

    /**
     * The peer is not authenticated, or has not accepted us: the channel closes, and nothing of the peer's gets through.
     *
     * @param reason what kind of failure this is, for programs
     * @param message what happened, one line of printable ASCII, for logs
     */
    record Failed(Reason reason, String message) implements ExternalEvent {
        /** Checks that nothing is null. */
        public Failed {
            Objects.requireNonNull(reason, "reason");
            Objects.requireNonNull(message, "message");
        }
    }

    /** Why an authentication failed. */
    enum Reason {
        /** On a server: the client was rejected as often as is allowed. On a client: the server rejected us. */
        REJECTED,
        /** The peer does not speak the protocol, or said something where it does not belong, or too long a line. */
        PROTOCOL,
        /** It was not done before the deadline. */
        TIMED_OUT,
        /** The stream or the channel ended before it was done. */
        CLOSED,
        /** The handler cannot work where it was put. */
        MISPLACED
    }
}
