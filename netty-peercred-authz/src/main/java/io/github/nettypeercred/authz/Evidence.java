// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** What was captured on a channel. */
final class Evidence {
    private Evidence() {}

    private static boolean isCaptured(PeerCredentialsResult result) {
        return !(result instanceof Absence absence)
                || (absence.reason() != AbsenceReason.NOT_CAPTURED
                        && absence.reason() != AbsenceReason.FOREIGN_CHANNEL);
    }

    /** All that was captured; null if nothing was. */
    static @Nullable PeerEvidence of(Channel channel) {
        PeerCredentialsResult setup = setup(channel);
        PeerCredentialsResult sender = sender(channel);
        return setup == null && sender == null ? null : new PeerEvidence(setup, sender, null);
    }

    /** The same, of a message with a sender of its own. */
    static PeerEvidence of(Channel channel, PeerCredentialsResult sender) {
        return new PeerEvidence(setup(channel), sender, null);
    }

    /** Of the connection's set-up; null if that was not captured. */
    static @Nullable PeerCredentialsResult setup(Channel channel) {
        PeerCredentialsResult first = UnixPeerCredentials.of(channel);
        return !isCaptured(first) || first == sender(channel) ? null : first;
    }

    static boolean hasSender(Channel channel) {
        return sender(channel) != null;
    }

    private static @Nullable PeerCredentialsResult sender(Channel channel) {
        PeerCredentialsResult read = UnixPeerCredentials.of(channel, Moment.FIRST_READ);
        if (!isCaptured(read)) {
            read = UnixPeerCredentials.of(channel, Moment.EVERY_READ);
        }
        return isCaptured(read) ? read : null;
    }
}
