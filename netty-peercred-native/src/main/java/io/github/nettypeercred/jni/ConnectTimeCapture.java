// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Captures what the kernel recorded about a peer when the connection was set up, by one native call on a descriptor. */
public final class ConnectTimeCapture {
    private static final int WANT_GROUPS = 1;
    private static final int WANT_LABEL = 2;
    private static final int WANT_PIDFD = 4;
    private static final int CHECK_SOCKET = 8;

    /** NGROUPS_MAX of Linux. */
    private static final int GROUPS_LIMIT = 65536;

    /** The size of a label of SELinux is bounded by a page, those of the others are shorter. */
    private static final int LABEL_LIMIT = 64 * 1024;

    private ConnectTimeCapture() {}

    /**
     * Captures on a descriptor.
     *
     * @param fd the descriptor of an open channel, on that channel's event loop
     * @param server the server channel that accepted it, or null if it comes from elsewhere
     * @param request what to ask for beyond the ids
     * @param factory makes the result
     * @return credentials or an absence
     */
    public static PeerCredentialsResult capture(
            int fd, @Nullable Channel server, CaptureRequest request, CredentialsFactory factory) {
        Throwable cause = NativeLibrary.unavailabilityCause();
        if (cause != null) {
            return new Absence(AbsenceReason.UNAVAILABLE, String.valueOf(cause.getMessage()));
        }
        ConnectTimeBuffer buffer = ConnectTimeBuffer.ofThread();
        boolean checked = server != null && buffer.hasChecked(server);
        int want = (request.groups() ? WANT_GROUPS : 0)
                | (request.label() ? WANT_LABEL : 0)
                | (request.process() ? WANT_PIDFD : 0)
                | (checked ? 0 : CHECK_SOCKET);
        int status = buffer.capture(fd, want);
        // First of all, so that whatever comes below, the descriptor has an owner.
        Answer<PeerProcess> process = request.process() ? process(buffer) : null;
        if (status != Status.OK) {
            return Status.absence("SO_PEERCRED", status, 0);
        }
        if (server != null && !checked) {
            buffer.setChecked(server);
        }
        int uid = buffer.uid();
        int gid = buffer.gid();
        int pid = buffer.pid();
        UserNamespace namespace = UserNamespace.CURRENT;
        if (namespace.isUnmappedUid(uid) || namespace.isUnmappedGid(gid)) {
            if (process != null) {
                process.value().ifPresent(PeerProcess::close);
            }
            return unmapped(namespace.isUnmappedUid(uid) ? "user" : "primary group");
        }
        return factory.credentials(
                uid,
                gid,
                pid,
                Mechanism.SO_PEERCRED,
                request.groups() ? groups(fd, buffer, namespace) : null,
                request.label() ? label(fd, buffer) : null,
                process);
    }

    static Absence unmapped(String what) {
        return new Absence(
                AbsenceReason.UNMAPPED,
                "the peer's " + what
                        + " has no number in this process's user namespace: map it there, or run the server"
                        + " in the peer's namespace or a parent of it");
    }

    private static Answer<PeerProcess> process(ConnectTimeBuffer buffer) {
        return buffer.pidfdStatus() == Status.OK
                ? Answer.known(new PeerProcess(buffer.pidfd(), NativeProcessCalls.INSTANCE))
                : Answer.unknown(Status.absence("SO_PEERPIDFD (Linux 6.5)", buffer.pidfdStatus(), buffer.pidfdErrno()));
    }

    private static Answer<SupplementaryGroups> groups(int fd, ConnectTimeBuffer first, UserNamespace namespace) {
        ConnectTimeBuffer buffer = first;
        if (buffer.groupsStatus() == Status.TOO_SMALL && buffer.groupsCount() <= GROUPS_LIMIT) {
            // What was recorded at connect does not grow, so the second time it fits.
            buffer = new ConnectTimeBuffer(buffer.groupsCount(), 0);
            buffer.capture(fd, WANT_GROUPS);
        }
        if (buffer.groupsStatus() != Status.OK) {
            return Answer.unknown(Status.absence("SO_PEERGROUPS (Linux 4.13)", buffer.groupsStatus(), 0));
        }
        int[] gids = buffer.groups();
        int mapped = 0;
        for (int gid : gids) {
            if (!namespace.isUnmappedGid(gid)) {
                gids[mapped++] = gid;
            }
        }
        return Answer.known(SupplementaryGroups.of(
                mapped == gids.length ? gids : Arrays.copyOf(gids, mapped), gids.length - mapped));
    }

    private static Answer<String> label(int fd, ConnectTimeBuffer first) {
        ConnectTimeBuffer buffer = first;
        if (buffer.labelStatus() == Status.TOO_SMALL && buffer.labelLength() <= LABEL_LIMIT) {
            buffer = new ConnectTimeBuffer(0, buffer.labelLength());
            buffer.capture(fd, WANT_LABEL);
        }
        if (buffer.labelStatus() == Status.UNSUPPORTED) {
            return Answer.unknown(new Absence(
                    AbsenceReason.UNSUPPORTED, "SO_PEERSEC: no Linux security module that labels sockets is active"));
        }
        return buffer.labelStatus() == Status.OK
                ? decode(buffer.label())
                : Answer.unknown(Status.absence("SO_PEERSEC", buffer.labelStatus(), 0));
    }

    /** Decodes a label. One that is not plain text stays unknown, lest two labels look alike. */
    static Answer<String> decode(byte[] label) {
        int length = label.length > 0 && label[label.length - 1] == 0 ? label.length - 1 : label.length;
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(label, 0, length))
                    .toString();
            if (text.indexOf('\0') < 0) {
                return Answer.known(text);
            }
        } catch (CharacterCodingException e) {
            // reported below
        }
        return Answer.unknown(new Absence(AbsenceReason.MALFORMED, "SO_PEERSEC: the label is not UTF-8 text"));
    }
}
