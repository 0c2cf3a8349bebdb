// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.channel.Channel;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * The kernel's word about the peer of a Unix domain socket: its user, its group and, where asked for and to be had, its
 * process id, supplementary groups, security label and a handle of its process.
 *
 * <p>A value of this class on a channel was put there by a capture; there is no public way to make one. It is immutable
 * and may be used from any thread; only the {@linkplain #process() process handle} is a resource, which closes with the
 * channel.
 *
 * <p>{@link #source()} says of which moment it speaks. A connect-time credential says who <em>connected</em>; a socket
 * that was passed on, or a process that changed its ids since, writes under it unchanged. A first-read credential says who
 * <em>sent the first bytes</em>, under ids of its choice among its own.
 */
public final class UnixPeerCredentials implements PeerCredentialsResult {
    private final int uid;
    private final int gid;
    private final int pid;
    private final CredentialSource source;
    private final Answer<SupplementaryGroups> groups;
    private final Answer<String> label;
    private final Answer<PeerProcess> process;

    UnixPeerCredentials(
            int uid,
            int gid,
            int pid,
            CredentialSource source,
            Answer<SupplementaryGroups> groups,
            Answer<String> label,
            Answer<PeerProcess> process) {
        this.uid = uid;
        this.gid = gid;
        this.pid = pid;
        this.source = source;
        this.groups = groups;
        this.label = label;
        this.process = process;
    }

    /**
     * Returns what was captured on a channel, or on the nearest parent of it that has a result, present or absent.
     *
     * <p>HTTP/2 stream channels find their connection's result this way. A server channel is never read. A value that was
     * captured on another channel and copied here counts as absent.
     *
     * <p>Where both the set-up of the connection and its first read were captured, this is the former: {@link #source()}
     * tells, and {@link #of(Channel, Moment)} gives either.
     *
     * @param channel the channel, on any thread
     * @return the result; {@link AbsenceReason#NOT_CAPTURED} if there is none
     */
    public static PeerCredentialsResult of(Channel channel) {
        return StoredResult.find(Objects.requireNonNull(channel, "channel"), null);
    }

    /**
     * Returns what was captured of one moment, where {@link #of(Channel)} looks for it: never what was captured of another.
     *
     * @param channel the channel, on any thread
     * @param moment the moment of which the credentials must speak
     * @return the result; {@link AbsenceReason#NOT_CAPTURED} if there is none of that moment. An absence of a moment of the
     *     connection's set-up (connect, listen, set-up) stands for all of these
     */
    public static PeerCredentialsResult of(Channel channel, Moment moment) {
        return StoredResult.find(Objects.requireNonNull(channel, "channel"), Objects.requireNonNull(moment, "moment"));
    }

    /**
     * Returns the user id.
     *
     * @return 0 to 2^32-2
     */
    public long uid() {
        return Integer.toUnsignedLong(uid);
    }

    /**
     * Returns the primary group id.
     *
     * @return 0 to 2^32-2
     */
    public long gid() {
        return Integer.toUnsignedLong(gid);
    }

    /**
     * Returns the process id in this process's pid namespace, empty if the peer is not visible in it.
     *
     * <p>A pid is a name that is given to another process once this one has been waited for. To act on the peer, ask for
     * its {@linkplain #process() process handle}.
     *
     * @return 1 or more, or empty
     */
    public OptionalInt pid() {
        return pid > 0 ? OptionalInt.of(pid) : OptionalInt.empty();
    }

    /**
     * Returns the supplementary groups.
     *
     * @return the set, or why it is unknown; "no groups" is a known, empty set
     */
    public Answer<SupplementaryGroups> groups() {
        return groups;
    }

    /**
     * Returns the label that a Linux security module (SELinux, AppArmor, Smack) gave the peer.
     *
     * @return the label without a terminating NUL, or why it is unknown
     */
    public Answer<String> label() {
        return label;
    }

    /**
     * Returns the handle of the process the credentials speak of. It belongs to the channel and closes with it; that of a
     * datagram's sender, with the datagram's last release.
     *
     * @return the handle, or why there is none
     */
    public Answer<PeerProcess> process() {
        return process;
    }

    /**
     * Returns on what evidence these credentials rest.
     *
     * @return mechanism, moment and kind of ids
     */
    public CredentialSource source() {
        return source;
    }

    /** What was asked for when this was captured. */
    CaptureRequest request() {
        return new CaptureRequest(
                groups != NotRequested.GROUPS, label != NotRequested.LABEL, process != NotRequested.PROCESS);
    }

    /** Compares ids, groups, label and source; the process handle, a resource, takes no part. */
    @Override
    public boolean equals(Object other) {
        return other instanceof UnixPeerCredentials that
                && uid == that.uid
                && gid == that.gid
                && pid == that.pid
                && source.equals(that.source)
                && groups.equals(that.groups)
                && label.equals(that.label);
    }

    @Override
    public int hashCode() {
        return Objects.hash(uid, gid, pid, source, groups, label);
    }

    /** One line for logs, with nothing in it that a peer could shape but numbers and the printable part of its label. */
    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder("uid=").append(uid()).append(" gid=").append(gid());
        if (pid > 0) {
            text.append(" pid=").append(pid);
        }
        groups.value().ifPresent(known -> text.append(" groups=").append(known));
        label.value().ifPresent(known -> text.append(" label=").append(Printable.of(known)));
        return text.append(" source=").append(source).toString();
    }
}
