// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.CredentialsNotSentException.Reason;
import io.github.nettypeercred.spi.AttachedIds;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Sends bytes with credentials attached: sendmsg(2) with SCM_CREDENTIALS, unix(7); on FreeBSD with SCM_CREDS, unix(4). */
public final class MessageSending {
    // The same on every Unix.
    private static final int EPERM = 1;
    private static final int ESRCH = 3;
    private static final int EINVAL = 22;

    private MessageSending() {}

    /**
     * Sends bytes, as far as there is room, without blocking.
     *
     * @param fd the descriptor of an open channel, on that channel's event loop
     * @param bytes a direct buffer, of which position and limit stay as they are
     * @param ids whose credentials to attach
     * @return how many bytes were sent, all with the credentials; 0 if there is no room now
     * @throws CredentialsNotSentException if nothing was sent
     */
    public static int send(int fd, ByteBuffer bytes, AttachedIds ids) throws CredentialsNotSentException {
        Throwable cause = NativeLibrary.unavailabilityCause();
        if (cause != null) {
            throw new CredentialsNotSentException(Reason.UNSUPPORTED, String.valueOf(cause.getMessage()), 0);
        }
        CaptureBuffer buffer = CaptureBuffer.ofThread();
        int status = buffer.send(fd, bytes, ids);
        return switch (status) {
            case Status.OK -> buffer.sent();
            case Status.NOTHING_NOW -> 0;
            case Status.UNSUPPORTED ->
                throw new CredentialsNotSentException(
                        Reason.UNSUPPORTED,
                        "this system does not attach " + ids
                                + " to what is sent: FreeBSD attaches the real and effective ids, and"
                                + " elsewhere than on Linux the receiver has those of connect(2) alone",
                        0);
            case -EPERM ->
                throw new CredentialsNotSentException(
                        Reason.NOT_PERMITTED,
                        ids + " is not this process: that takes CAP_SETUID, CAP_SETGID and, for the pid, CAP_SYS_ADMIN",
                        EPERM);
            case -ESRCH ->
                throw new CredentialsNotSentException(
                        Reason.NO_SUCH_PROCESS, "no process has the pid of " + ids, ESRCH);
            case -EINVAL ->
                throw new CredentialsNotSentException(
                        Reason.INVALID_IDS, "an id of " + ids + " means nobody in this user namespace", EINVAL);
            default -> throw new CredentialsNotSentException(Reason.FAILED, "sendmsg failed", -status);
        };
    }

    /**
     * Returns a copy of a descriptor, for a registration of its own with an event loop: dup(2), close-on-exec.
     *
     * @param fd the descriptor of an open channel, on that channel's event loop
     * @return a copy, which the caller closes
     * @throws IOException if there is none to be had, such as EMFILE
     */
    public static int duplicate(int fd) throws IOException {
        int copy = Native.duplicate(fd);
        if (copy < 0) {
            throw new IOException("fcntl F_DUPFD_CLOEXEC failed (errno " + -copy + ")");
        }
        return copy;
    }
}
