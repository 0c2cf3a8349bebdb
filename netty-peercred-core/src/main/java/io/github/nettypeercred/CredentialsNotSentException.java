// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.io.IOException;
import java.util.Objects;
import java.util.OptionalInt;

/** The failure of a write to which {@link SendCredentialsHandler} could not attach credentials: nothing of it was sent. */
public final class CredentialsNotSentException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;
    private final int errno;

    /** Why credentials were not sent. */
    public enum Reason {
        /** The ids or the pid are not this process's own, and it lacks the capability to use another's: EPERM. */
        NOT_PERMITTED,
        /** No process has the pid: ESRCH. */
        NO_SUCH_PROCESS,
        /** An id means nobody in this process's user namespace: EINVAL. */
        INVALID_IDS,
        /** The first message was no {@link io.netty.buffer.ByteBuf}: credentials are attached to bytes. */
        NOT_BYTES,
        /** It cannot be done on this channel, this system or this version of Netty, or the native library is not loaded. */
        UNSUPPORTED,
        /** The handler was removed, or the channel left its event loop, before the credentials were sent. */
        REMOVED,
        /** sendmsg(2) failed in another way; {@link #errno()} says how. */
        FAILED
    }

    /**
     * Makes an exception.
     *
     * @param reason why, for programs
     * @param message what failed and what to do about it, one line
     * @param errno the errno of the call that failed, 0 if none did
     */
    public CredentialsNotSentException(Reason reason, String message, int errno) {
        super(reason + ": " + message + (errno == 0 ? "" : " (errno " + errno + ")"));
        this.reason = Objects.requireNonNull(reason, "reason");
        this.errno = errno;
    }

    /**
     * Returns why.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /**
     * Returns the errno of sendmsg(2), in this platform's numbering.
     *
     * @return the errno, or empty if no call failed
     */
    public OptionalInt errno() {
        return errno == 0 ? OptionalInt.empty() : OptionalInt.of(errno);
    }
}
