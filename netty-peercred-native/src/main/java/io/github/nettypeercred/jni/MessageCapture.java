// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Captures who sent the bytes that a descriptor is about to read: SO_PASSCRED and SCM_CREDENTIALS, unix(7); on FreeBSD
 * LOCAL_CREDS_PERSISTENT and SCM_CREDS2, on NetBSD LOCAL_CREDS and SCM_CREDS, unix(4).
 */
public final class MessageCapture {
    private static final String PASSCRED = "setsockopt SO_PASSCRED or LOCAL_CREDS";

    /** PEERCRED_EVERY of peercred.h. */
    private static final int EVERY = 16;

    private MessageCapture() {}

    /**
     * Has the kernel attach the sender's credentials to what is read, by {@code setsockopt(SOL_SOCKET, SO_PASSCRED)}, and, if asked
     * for, its label (SO_PASSSEC) and a descriptor of its process (SO_PASSPIDFD, Linux 6.5).
     *
     * @param fd the descriptor of an open channel, on that channel's event loop; if it listens, it is for those it accepts
     * @param parent the channel that accepted it; if null, a socket that comes from elsewhere has its SO_PEEK_OFF undone
     * @param request what to ask for beyond the ids; groups come with no message
     * @return null if it does, else why not
     */
    public static @Nullable Absence begin(int fd, @Nullable Channel parent, CaptureRequest request) {
        Absence unavailable = unavailable();
        if (unavailable != null) {
            return unavailable;
        }
        // What a server channel has accepted nobody else had a hand on.
        int check = parent == null ? ConnectTimeCapture.CHECK_SOCKET : 0;
        int status = Native.passCredentials(fd, want(request) | check, true);
        return status == Status.UNSUPPORTED
                ? new Absence(
                        AbsenceReason.UNSUPPORTED,
                        "this system attaches no credentials to what is read: capture those of the connection, without"
                                + " firstRead()")
                : absence(PASSCRED, status);
    }

    /**
     * As {@link #begin}, if the kernel attaches them to all that is read, and not to the first message of a stream alone.
     *
     * @param fd the descriptor of an open channel, on that channel's event loop
     * @param request what to ask for beyond the ids
     * @return null if it does, else why not
     */
    public static @Nullable Absence beginEvery(int fd, CaptureRequest request) {
        Absence unavailable = unavailable();
        if (unavailable != null) {
            return unavailable;
        }
        int status = every(fd, request);
        return status == Status.UNSUPPORTED
                ? new Absence(
                        AbsenceReason.UNSUPPORTED,
                        "this system does not attach credentials to all that is read of a stream: capture those of the"
                                + " connection with PeerCredentialsHandler, on NetBSD also those of its first read")
                : absence(PASSCRED, status);
    }

    static int every(int fd, CaptureRequest request) {
        return Native.passCredentials(fd, want(request) | EVERY | ConnectTimeCapture.CHECK_SOCKET, true);
    }

    /**
     * Ends what {@link #begin} began.
     *
     * @param fd the same descriptor
     * @param request the same request
     * @return null if it did, else why not
     */
    public static @Nullable Absence end(int fd, CaptureRequest request) {
        return absence(PASSCRED, Native.passCredentials(fd, want(request), false));
    }

    /**
     * Has the kernel refuse to those who send on the other end that they pass descriptors, by {@code setsockopt(SOL_SOCKET,
     * SO_PASSRIGHTS)}, Linux 6.16.
     *
     * @param fd the descriptor of an open channel, on that channel's event loop; if it listens, it is for those it accepts
     * @return null if it does, else why not
     */
    public static @Nullable Absence refuseDescriptors(int fd) {
        Absence unavailable = unavailable();
        return unavailable == null
                ? absence("setsockopt SO_PASSRIGHTS (Linux 6.16)", Native.passDescriptors(fd, false))
                : unavailable;
    }

    static @Nullable Absence unavailable() {
        Throwable cause = NativeLibrary.unavailabilityCause();
        return cause == null ? null : new Absence(AbsenceReason.UNAVAILABLE, String.valueOf(cause.getMessage()));
    }

    private static @Nullable Absence absence(String call, int status) {
        return status == Status.OK ? null : Status.absence(call, status, 0);
    }

    static int want(CaptureRequest request) {
        return (request.label() ? ConnectTimeCapture.WANT_LABEL : 0)
                | (request.process() ? ConnectTimeCapture.WANT_PIDFD : 0);
    }

    /**
     * Looks who sent the byte that the next read returns first, and leaves it there.
     *
     * @param fd a descriptor for which {@link #begin} returned null
     * @param request the same as was begun with
     * @param factory makes the credentials
     * @return credentials or an absence; null if there is nothing to be read now. {@link AbsenceReason#NO_DATA} is the end of
     *     the stream, {@link AbsenceReason#FAILED} with an errno an error of the socket, which no other call will report
     */
    public static @Nullable PeerCredentialsResult peek(int fd, CaptureRequest request, CredentialsFactory factory) {
        CaptureBuffer buffer = CaptureBuffer.ofThread();
        int status = buffer.peek(fd, want(request));
        if (status == Status.NOTHING_NOW) {
            return null;
        }
        if (status == Status.NO_CREDENTIAL) {
            return raced(buffer.call());
        }
        if (status != Status.OK) {
            return Status.absence("recvmsg MSG_PEEK for " + buffer.call(), status, 0);
        }
        // First of all, so that whatever comes below, the descriptor has an owner.
        Answer<PeerProcess> process = request.process() ? CapturedParts.process(buffer, "SCM_PIDFD (Linux 6.5)") : null;
        int uid = buffer.uid();
        int gid = buffer.gid();
        int pid = buffer.pid();
        Absence nobody = nobody(uid, gid, pid);
        if (nobody != null) {
            if (process != null) {
                process.value().ifPresent(PeerProcess::close);
            }
            return nobody;
        }
        Answer<String> label = request.label()
                ? CapturedParts.label(buffer, "SCM_SECURITY", larger -> larger.peek(fd, ConnectTimeCapture.WANT_LABEL))
                : null;
        return factory.credentials(uid, gid, pid, buffer.mechanism(), null, label, process);
    }

    private static @Nullable Absence nobody(int uid, int gid, int pid) {
        return UserNamespace.isNobody(pid, uid, gid) ? raced("SO_PASSCRED") : unmapped(uid, gid);
    }

    private static Absence raced(String mechanism) {
        return new Absence(
                AbsenceReason.RACED,
                "the bytes were sent before " + mechanism + " was on: set it on the listening socket too, with"
                        + " PeerCredentialsAcceptHandler.builder().firstRead()");
    }

    /** Why an id of a sender is not known in this user namespace; null if all are. */
    static @Nullable Absence unmapped(int uid, int gid) {
        UserNamespace namespace = UserNamespace.CURRENT;
        return namespace.isUnmappedUid(uid)
                ? ConnectTimeCapture.unmapped("user")
                : namespace.isUnmappedGid(gid) ? ConnectTimeCapture.unmapped("primary group") : null;
    }
}
