// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import org.jspecify.annotations.Nullable;

/** What follows for who sent from who connected. */
final class Subject {
    private Subject() {}

    /** Whether a peer is who connected: only of something sent over a connection can it be another, or not be known. */
    static int agreement(UnixPeerCredentials peer, @Nullable PeerCredentialsResult connection) {
        if (!PolicyWords.comesOverConnection(peer.source().moment())) {
            return CompiledRule.YES;
        }
        if (connection instanceof UnixPeerCredentials connected) {
            return connected.uid() == peer.uid() ? CompiledRule.YES : CompiledRule.NO;
        }
        return CompiledRule.CONNECTION_UNKNOWN;
    }

    /**
     * A peer's supplementary groups, null if unknown. The kernel attests none of a message: they are those of who connected, if that is
     * the same user.
     */
    static @Nullable SupplementaryGroups groups(UnixPeerCredentials peer, @Nullable PeerCredentialsResult connection) {
        UnixPeerCredentials holder = peer;
        if (PolicyWords.comesOverConnection(peer.source().moment())
                && connection instanceof UnixPeerCredentials connected
                && connected.uid() == peer.uid()) {
            holder = connected;
        }
        return holder.groups() instanceof Answer.Known<SupplementaryGroups> known ? known.known() : null;
    }
}
