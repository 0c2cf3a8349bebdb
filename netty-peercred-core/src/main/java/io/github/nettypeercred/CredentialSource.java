// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.util.Objects;

/**
 * On what evidence credentials rest: which mechanism gave them, of which moment they speak, and which of the process's
 * ids they are.
 *
 * @param mechanism the socket option or control message they came from
 * @param moment when the kernel recorded them
 * @param ids which ids of the process it recorded
 */
public record CredentialSource(Mechanism mechanism, Moment moment, Ids ids) {
    /** Checks that nothing is null. */
    public CredentialSource {
        Objects.requireNonNull(mechanism, "mechanism");
        Objects.requireNonNull(moment, "moment");
        Objects.requireNonNull(ids, "ids");
    }

    /** The socket option or control message that credentials came from. */
    public enum Mechanism {
        /** {@code getsockopt(SOL_SOCKET, SO_PEERCRED)}, Linux: socket(7), unix(7); OpenBSD: getsockopt(2). Effective ids. */
        SO_PEERCRED,
        /**
         * A control message of type SCM_CREDENTIALS, which {@code SO_PASSCRED} asks for, Linux: unix(7), cmsg(3). Ids that the
         * sender chose.
         */
        SCM_CREDENTIALS,
        /**
         * {@code getsockopt(SOL_LOCAL, LOCAL_PEERCRED)}, macOS and FreeBSD: unix(4). Effective ids and at most 15 supplementary
         * groups, of which the kernel leaves out what is more. No pid on macOS and on FreeBSD before 13.
         */
        LOCAL_PEERCRED,
        /** {@code getsockopt(SOL_LOCAL, LOCAL_PEEREID)}, NetBSD: unix(4). Effective ids. */
        LOCAL_PEEREID,
        /**
         * A control message of type SCM_CREDS that the kernel filled: on NetBSD, as {@code LOCAL_CREDS} asks for; on FreeBSD, as the
         * sender asked for. unix(4), recvmsg(2). Effective ids.
         */
        SCM_CREDS,
        /** A control message of type SCM_CREDS2, which {@code LOCAL_CREDS_PERSISTENT} asks for, FreeBSD 13: unix(4). Effective ids. */
        SCM_CREDS2
    }

    /** The moment of which credentials speak. What the peer's process does afterwards never changes them. */
    public enum Moment {
        /** The peer called connect(2): what a server sees of its client. */
        CONNECT,
        /**
         * The peer, or whoever it has the listening socket from, last called listen(2): what a client sees of its
         * server. With socket activation that is the activator until the server calls listen(2) again.
         */
        LISTEN,
        /**
         * The connection was set up, on a channel whose descriptor came from elsewhere, so that it is not known on
         * which side: connect(2), listen(2) or, for both ends of a pair, socketpair(2).
         */
        SETUP,
        /**
         * The first bytes that were read were sent, by whoever held the socket then. It says nothing of the bytes after
         * them.
         */
        FIRST_READ,
        /** The bytes of one read of a stream were sent: those that came in one envelope with the credentials. */
        EVERY_READ,
        /** A datagram was sent. */
        DATAGRAM
    }

    /** Which of a process's ids the kernel recorded. */
    public enum Ids {
        /** The effective ids. */
        EFFECTIVE,
        /**
         * Those that the sender chose among its real, effective and saved ids, the real ones unless it says otherwise; a
         * sender with CAP_SETUID, CAP_SETGID and CAP_SYS_ADMIN chooses among all there are. The kernel does not tell which it was.
         */
        SENDER_CHOSEN
    }

    @Override
    public String toString() {
        return mechanism + "/" + moment + "/" + ids;
    }
}
