// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testing;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.AttributeKey;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A peer that is not there, so that an application can test what its handlers do with one: the captures on an {@link
 * EmbeddedChannel} answer as if it were connected.
 *
 * <pre>{@code
 * EmbeddedChannel channel = new EmbeddedChannel(false, false); // not active yet, so that handlers see channelActive
 * PretendedPeer.of(1000, 1000).groups(27).on(channel);
 * channel.pipeline().addLast(new PeerCredentialsHandler(), new MyIpcHandler());
 * channel.register();
 * }</pre>
 *
 * <p>It works on embedded channels alone, which no real peer can reach. Keep this artifact in the test scope. The moment of
 * its credentials is {@link io.github.nettypeercred.CredentialSource.Moment#SETUP}, unless the channel has a server channel
 * for a parent; it never has a process.
 *
 * <p>Immutable: each method returns a changed copy.
 */
public final class PretendedPeer {
    private static final AttributeKey<PretendedPeer> KEY =
            AttributeKey.valueOf("io.github.nettypeercred.testing.PretendedPeer");

    private final int uid;
    private final int gid;
    private final int pid;
    private final @Nullable Answer<SupplementaryGroups> groups;
    private final @Nullable Answer<String> label;
    private final @Nullable Absence absence;
    private final @Nullable RuntimeException failure;

    private PretendedPeer(
            int uid,
            int gid,
            int pid,
            @Nullable Answer<SupplementaryGroups> groups,
            @Nullable Answer<String> label,
            @Nullable Absence absence,
            @Nullable RuntimeException failure) {
        this.uid = uid;
        this.gid = gid;
        this.pid = pid;
        this.groups = groups;
        this.label = label;
        this.absence = absence;
        this.failure = failure;
    }

    /**
     * Returns a peer with a user and a primary group, no visible pid, no groups and no label.
     *
     * @param uid 0 to 2^32-2
     * @param gid 0 to 2^32-2
     * @return the peer
     */
    public static PretendedPeer of(long uid, long gid) {
        return new PretendedPeer(id(uid), id(gid), 0, null, null, null, null);
    }

    /**
     * Returns a peer that cannot be known.
     *
     * @param absence why
     * @return the peer
     */
    public static PretendedPeer absent(Absence absence) {
        return new PretendedPeer(-1, -1, 0, null, null, Objects.requireNonNull(absence, "absence"), null);
    }

    /**
     * Returns a peer on whom the capture throws.
     *
     * @param failure what it throws
     * @return the peer
     */
    public static PretendedPeer failing(RuntimeException failure) {
        return new PretendedPeer(-1, -1, 0, null, null, null, Objects.requireNonNull(failure, "failure"));
    }

    /**
     * Returns this peer with a process id.
     *
     * @param newPid 1 or more
     * @return a copy
     */
    public PretendedPeer pid(int newPid) {
        if (newPid < 1) {
            throw new IllegalArgumentException("pid: " + newPid);
        }
        return new PretendedPeer(uid, gid, newPid, groups, label, absence, failure);
    }

    /**
     * Returns this peer with supplementary groups, for captures that ask for them.
     *
     * @param gids each 0 to 2^32-2
     * @return a copy
     */
    public PretendedPeer groups(long... gids) {
        int[] ids = LongStream.of(gids).mapToInt(PretendedPeer::id).toArray();
        return new PretendedPeer(uid, gid, pid, Answer.known(SupplementaryGroups.of(ids, 0)), label, absence, failure);
    }

    /**
     * Returns this peer with a security label, for captures that ask for it.
     *
     * @param newLabel the label
     * @return a copy
     */
    public PretendedPeer label(String newLabel) {
        return new PretendedPeer(uid, gid, pid, groups, Answer.known(newLabel), absence, failure);
    }

    /**
     * Puts this peer on the other end of an embedded channel. Call it before a handler captures.
     *
     * @param channel the channel
     */
    public void on(EmbeddedChannel channel) {
        channel.attr(KEY).set(this);
    }

    private static int id(long id) {
        if (id < 0 || id >= 0xFFFF_FFFFL) {
            throw new IllegalArgumentException("not an id: " + id);
        }
        return (int) id;
    }

    /** Serves embedded channels that have a pretended peer. Made by {@link java.util.ServiceLoader}. */
    public static final class Transport implements PeerCredentialsTransport {
        private static final Answer<SupplementaryGroups> NO_GROUPS =
                Answer.known(SupplementaryGroups.of(new int[0], 0));
        private static final Answer<String> NO_LABEL =
                Answer.unknown(new Absence(AbsenceReason.UNSUPPORTED, "the pretended peer has no label"));
        private static final Answer<PeerProcess> NO_PROCESS =
                Answer.unknown(new Absence(AbsenceReason.UNSUPPORTED, "a pretended peer has no process"));

        /** Makes the transport; it has no state. */
        public Transport() {}

        @Override
        public boolean serves(Channel channel) {
            return channel instanceof EmbeddedChannel && channel.hasAttr(KEY);
        }

        @Override
        public PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
            PretendedPeer peer = channel.attr(KEY).get();
            if (peer.failure != null) {
                throw peer.failure;
            }
            if (peer.absence != null) {
                return peer.absence;
            }
            return factory.credentials(
                    peer.uid,
                    peer.gid,
                    peer.pid,
                    Mechanism.SO_PEERCRED,
                    request.groups() ? Objects.requireNonNullElse(peer.groups, NO_GROUPS) : null,
                    request.label() ? Objects.requireNonNullElse(peer.label, NO_LABEL) : null,
                    request.process() ? NO_PROCESS : null);
        }
    }
}
