// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A peer that is not there, to ask what would be decided about one. Nothing attests it, and nothing puts it on a channel: {@link
 * UnixPeerCredentials#of(io.netty.channel.Channel)} never returns it.
 *
 * <p>Immutable: each method returns a changed copy.
 */
public final class SupposedPeer {
    private final int uid;
    private final int gid;
    private final int pid;
    private final Moment moment;
    private final @Nullable Answer<SupplementaryGroups> groups;
    private final @Nullable Answer<String> label;

    private SupposedPeer(
            int uid,
            int gid,
            int pid,
            Moment moment,
            @Nullable Answer<SupplementaryGroups> groups,
            @Nullable Answer<String> label) {
        this.uid = uid;
        this.gid = gid;
        this.pid = pid;
        this.moment = moment;
        this.groups = groups;
        this.label = label;
    }

    /**
     * Returns a peer that connected, whose process is 1, and of whom neither groups nor label were asked for.
     *
     * @param uid 0 to 2^32-2
     * @param gid 0 to 2^32-2
     * @return the peer
     */
    public static SupposedPeer of(long uid, long gid) {
        return new SupposedPeer(id(uid), id(gid), 1, Moment.CONNECT, null, null);
    }

    /**
     * Returns this peer with a process id.
     *
     * @param newPid 1 or more; 0 for one that the server does not see
     * @return a copy
     */
    public SupposedPeer pid(int newPid) {
        if (newPid < 0) {
            throw new IllegalArgumentException("pid: " + newPid);
        }
        return new SupposedPeer(uid, gid, newPid, moment, groups, label);
    }

    /**
     * Returns this peer with its supplementary groups.
     *
     * @param gids each 0 to 2^32-2; none if it has none
     * @return a copy
     */
    public SupposedPeer groups(long... gids) {
        int[] ids = LongStream.of(gids).mapToInt(SupposedPeer::id).toArray();
        return new SupposedPeer(uid, gid, pid, moment, Answer.known(SupplementaryGroups.of(ids, 0)), label);
    }

    /**
     * Returns this peer with a security label.
     *
     * @param newLabel the label
     * @return a copy
     */
    public SupposedPeer label(String newLabel) {
        return new SupposedPeer(
                uid, gid, pid, moment, groups, Answer.known(Objects.requireNonNull(newLabel, "newLabel")));
    }

    /**
     * Returns this peer as another moment would show it, {@link Moment#CONNECT} unless called.
     *
     * @param newMoment the moment
     * @return a copy
     */
    public SupposedPeer moment(Moment newMoment) {
        return new SupposedPeer(uid, gid, pid, Objects.requireNonNull(newMoment, "newMoment"), groups, label);
    }

    /**
     * Returns what a capture would give.
     *
     * @return credentials that nobody attests
     */
    public UnixPeerCredentials credentials() {
        boolean ofMessage =
                switch (moment) {
                    case FIRST_READ, EVERY_READ, DATAGRAM -> true;
                    case CONNECT, LISTEN, SETUP -> false;
                };
        return new UnixPeerCredentials(
                uid,
                gid,
                pid,
                ofMessage
                        ? new CredentialSource(Mechanism.SCM_CREDENTIALS, moment, Ids.SENDER_CHOSEN)
                        : new CredentialSource(Mechanism.SO_PEERCRED, moment, Ids.EFFECTIVE),
                groups == null ? NotRequested.GROUPS : groups,
                label == null ? NotRequested.LABEL : label,
                NotRequested.PROCESS);
    }

    private static int id(long id) {
        if (id < 0 || id >= 0xFFFF_FFFFL) {
            throw new IllegalArgumentException("not an id: " + id);
        }
        return (int) id;
    }
}
