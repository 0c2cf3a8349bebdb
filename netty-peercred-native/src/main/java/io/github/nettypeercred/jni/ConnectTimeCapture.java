// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.netty.channel.Channel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Captures what the kernel recorded about a peer when the connection was set up, by one native call on a descriptor. */
public final class ConnectTimeCapture {
    // enum peercred_want of peercred.h.
    private static final int WANT_GROUPS = 1;
    static final int WANT_LABEL = 2;
    static final int WANT_PIDFD = 4;
    static final int CHECK_SOCKET = 8;

    /** NGROUPS_MAX of Linux. */
    private static final int GROUPS_LIMIT = 65536;

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
        CaptureBuffer buffer = CaptureBuffer.ofThread();
        boolean checked = server != null && buffer.hasChecked(server);
        int want = (request.groups() ? WANT_GROUPS : 0)
                | (request.label() ? WANT_LABEL : 0)
                | (request.process() ? WANT_PIDFD : 0)
                | (checked ? 0 : CHECK_SOCKET);
        int status = buffer.capture(fd, want);
        // First of all, so that whatever comes below, the descriptor has an owner.
        Answer<PeerProcess> process =
                request.process() ? CapturedParts.process(buffer, "SO_PEERPIDFD (Linux 6.5)") : null;
        if (status != Status.OK) {
            return Status.absence(buffer.call(), status, 0);
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
                buffer.mechanism(),
                request.groups() ? groups(fd, buffer, namespace) : null,
                request.label()
                        ? CapturedParts.label(buffer, "SO_PEERSEC", larger -> larger.capture(fd, WANT_LABEL))
                        : null,
                process);
    }

    static Absence unmapped(String what) {
        return new Absence(
                AbsenceReason.UNMAPPED,
                "the peer's " + what
                        + " has no number in this process's user namespace: map it there, or run the server"
                        + " in the peer's namespace or a parent of it");
    }

    private static Answer<SupplementaryGroups> groups(int fd, CaptureBuffer first, UserNamespace namespace) {
        CaptureBuffer buffer = first;
        if (buffer.groupsStatus() == Status.TOO_SMALL && buffer.groupsCount() <= GROUPS_LIMIT) {
            // What was recorded at connect does not grow, so the second time it fits.
            buffer = new CaptureBuffer(buffer.groupsCount(), 0);
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
}
