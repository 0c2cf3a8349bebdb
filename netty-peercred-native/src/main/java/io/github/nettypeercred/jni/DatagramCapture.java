// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeekedDatagram;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Captures who sent a datagram that a descriptor is about to read: SO_PASSCRED and SCM_CREDENTIALS, unix(7), and what FreeBSD and
 * NetBSD have in their place, unix(4).
 */
public final class DatagramCapture {
    private DatagramCapture() {}

    /**
     * Has the kernel attach the sender's credentials to the datagrams that are read.
     *
     * @param fd the descriptor of an open channel, on that channel's event loop
     * @param request what to ask for beyond the ids; groups come with no message
     * @return null if it does, else why not
     */
    public static @Nullable Absence begin(int fd, CaptureRequest request) {
        Absence unavailable = MessageCapture.unavailable();
        if (unavailable != null) {
            return unavailable;
        }
        int status = Native.checkDatagram(fd);
        if (status == Status.NOT_UNIX_SOCKET) {
            return new Absence(AbsenceReason.NOT_UNIX_SOCKET, "the descriptor is no Unix datagram socket");
        }
        if (status == Status.OK) {
            status = MessageCapture.every(fd, request);
        }
        if (status == Status.UNSUPPORTED) {
            return new Absence(
                    AbsenceReason.UNSUPPORTED,
                    "this system attaches no credentials to datagrams: use a stream, whose peer is known from its connect(2)");
        }
        return status == Status.OK
                ? null
                : Status.absence(
                        "asking for the credentials of datagrams (SO_TYPE, SO_PASSCRED or LOCAL_CREDS)", status, 0);
    }

    /**
     * Looks who sent the datagram that the next read takes, and leaves it there.
     *
     * @param fd a descriptor for which {@link #begin} returned null
     * @param request the same as was begun with
     * @param factory makes the credentials
     * @return who sent it and how long it is, or an error of the socket; null if there is none now
     */
    public static @Nullable PeekedDatagram peek(int fd, CaptureRequest request, CredentialsFactory factory) {
        CaptureBuffer buffer = CaptureBuffer.ofThread();
        int status = buffer.peekDatagram(fd, MessageCapture.want(request));
        if (status == Status.NOTHING_NOW) {
            return null;
        }
        if (status < 0) {
            return new PeekedDatagram(
                    Status.absence("recvmsg MSG_PEEK of a datagram", status, 0), PeekedDatagram.NO_LENGTH);
        }
        int length = buffer.length();
        return new PeekedDatagram(
                sender(
                        status,
                        buffer,
                        request,
                        factory,
                        larger -> larger.peekDatagram(fd, ConnectTimeCapture.WANT_LABEL)),
                length);
    }

    /** Makes the sender's credentials out of a struct peercred. */
    static PeerCredentialsResult sender(
            int status,
            CaptureBuffer buffer,
            CaptureRequest request,
            CredentialsFactory factory,
            Consumer<CaptureBuffer> againForLabel) {
        if (status != Status.OK) {
            return absence(status);
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
        Answer<String> label = request.label() ? CapturedParts.label(buffer, "SCM_SECURITY", againForLabel) : null;
        return factory.credentials(uid, gid, pid, buffer.mechanism(), null, label, process);
    }

    static Absence absence(int status) {
        return status == Status.NO_CREDENTIAL
                ? new Absence(
                        AbsenceReason.UNAVAILABLE,
                        "the datagram came without its sender's credentials: add AttestedDatagramHandler before the channel is"
                                + " bound")
                : Status.absence("credentials of a datagram's sender", status, 0);
    }

    /**
     * Why these ids are nobody's; null if they are somebody's. Where ids can be unmapped, what the kernel shows of a datagram
     * that was sent before the option looks like one of an unmapped sender out of sight.
     */
    static @Nullable Absence nobody(int uid, int gid, int pid) {
        Absence unmapped = MessageCapture.unmapped(uid, gid);
        return unmapped == null && UserNamespace.isNobody(pid, uid, gid)
                ? new Absence(
                        AbsenceReason.RACED,
                        "the datagram was sent before SO_PASSCRED was on: add AttestedDatagramHandler before the channel is bound")
                : unmapped;
    }
}
