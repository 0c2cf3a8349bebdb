// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.spi.CredentialsFactory;
import org.jspecify.annotations.Nullable;

/** Captures who sent the bytes that a descriptor is about to read: SO_PASSCRED and SCM_CREDENTIALS, unix(7). */
public final class MessageCapture {
    private MessageCapture() {}

    /**
     * Has the kernel attach the sender's credentials to what is read, by {@code setsockopt(SOL_SOCKET, SO_PASSCRED)}.
     *
     * @param fd the descriptor of an open channel, on that channel's event loop; if it listens, it is for those it accepts
     * @return null if it does, else why not
     */
    public static @Nullable Absence begin(int fd) {
        Throwable cause = NativeLibrary.unavailabilityCause();
        if (cause != null) {
            return new Absence(AbsenceReason.UNAVAILABLE, String.valueOf(cause.getMessage()));
        }
        int status = Native.passCredentials(fd, true);
        return status == Status.OK ? null : Status.absence("setsockopt SO_PASSCRED", status, 0);
    }

    /**
     * Ends what {@link #begin} began.
     *
     * @param fd the same descriptor
     * @return null if it did, else why not
     */
    public static @Nullable Absence end(int fd) {
        int status = Native.passCredentials(fd, false);
        return status == Status.OK ? null : Status.absence("setsockopt SO_PASSCRED", status, 0);
    }

    /**
     * Looks who sent the byte that the next read returns first, and leaves it there.
     *
     * @param fd a descriptor for which {@link #begin} returned null
     * @param factory makes the credentials
     * @return credentials or an absence; null if there is nothing to be read now. {@link AbsenceReason#NO_DATA} is the end of
     *     the stream, {@link AbsenceReason#FAILED} with an errno an error of the socket, which no other call will report
     */
    public static @Nullable PeerCredentialsResult peek(int fd, CredentialsFactory factory) {
        ConnectTimeBuffer buffer = ConnectTimeBuffer.ofThread();
        int status = buffer.peek(fd);
        if (status == Status.NOTHING_NOW) {
            return null;
        }
        if (status != Status.OK) {
            return Status.absence("recvmsg MSG_PEEK for SCM_CREDENTIALS", status, 0);
        }
        int uid = buffer.uid();
        int gid = buffer.gid();
        int pid = buffer.pid();
        if (UserNamespace.isNobody(pid, uid, gid)) {
            return new Absence(
                    AbsenceReason.RACED,
                    "the first bytes were sent before SO_PASSCRED was on: set it on the listening socket too, with"
                            + " PeerCredentialsAcceptHandler.builder().firstRead()");
        }
        UserNamespace namespace = UserNamespace.CURRENT;
        if (namespace.isUnmappedUid(uid) || namespace.isUnmappedGid(gid)) {
            return ConnectTimeCapture.unmapped(namespace.isUnmappedUid(uid) ? "user" : "primary group");
        }
        return factory.credentials(uid, gid, pid, Mechanism.SCM_CREDENTIALS, null, null, null);
    }
}
