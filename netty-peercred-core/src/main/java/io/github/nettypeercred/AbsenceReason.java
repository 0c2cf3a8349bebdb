// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

/** Why something that could have been known is not. Each is a condition by itself; none ever stands for an identity. */
public enum AbsenceReason {
    /** No capture has run on the channel, or on a parent of it short of the server channel. */
    NOT_CAPTURED,
    /** The capture was not asked for this. */
    NOT_REQUESTED,
    /** The channel is not a Unix domain socket. */
    NOT_UNIX_SOCKET,
    /** The channel is a Unix domain socket of a transport that no module on the class path serves. */
    NO_TRANSPORT,
    /** The socket has no peer: it is unconnected, listening, or a datagram socket. */
    NOT_CONNECTED,
    /** The kernel, or the security module that would answer, does not have it. */
    UNSUPPORTED,
    /** It exists here but could not be reached: the native library is not loaded, {@code /proc} is hidden. */
    UNAVAILABLE,
    /** The kernel's answer was shorter than its type, or longer than the limit. */
    TRUNCATED,
    /** The kernel's answer does not have the form it should have. */
    MALFORMED,
    /** The id has no counterpart in this process's user namespace: the kernel showed the overflow id in its place. */
    UNMAPPED,
    /** The process has ended and has been waited for. */
    REAPED,
    /** Data arrived before the capture, which therefore says nothing about it. */
    RACED,
    /** The stream ended before its first byte: nobody sent anything. */
    NO_DATA,
    /** Nothing was read before the deadline. */
    TIMED_OUT,
    /** The handler was added after the channel had begun to read, too late to look before a read. */
    ADDED_LATE,
    /** The channel reads into a buffer ring of io_uring, which leaves no moment to look before a read. */
    BUFFER_RING,
    /** The channel reads descriptors, for which the kernel's credentials leave no room. */
    FILE_DESCRIPTORS,
    /** The handler was added with an executor other than the channel's event loop, where it cannot look before a read. */
    FOREIGN_EXECUTOR,
    /**
     * Two differ who had to be one and the same: the one who connected and the one who sent the first bytes, or those who sent two
     * reads of a stream.
     */
    DIFFERING,
    /** The peer sent before it was told to go on. */
    TOO_EARLY,
    /** What the peer sent in the go-on handshake is not what was agreed. */
    WRONG_MESSAGE,
    /** The channel was closed before the capture. */
    CLOSED,
    /** The value stored on the channel was captured on another one. */
    FOREIGN_CHANNEL,
    /** The account database has no entry for it. */
    NO_SUCH_ACCOUNT,
    /** A call failed in a way that its documentation does not foresee; {@link Absence#errno()} may say more. */
    FAILED
}
