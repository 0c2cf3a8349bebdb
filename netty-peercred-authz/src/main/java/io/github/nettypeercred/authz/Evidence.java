// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** What was captured on a channel. */
final class Evidence {
    private Evidence() {}

    private static boolean isCaptured(PeerCredentialsResult result) {
        return !(result instanceof Absence absence)
                || (absence.reason() != AbsenceReason.NOT_CAPTURED
                        && absence.reason() != AbsenceReason.FOREIGN_CHANNEL);
    }

    /** All that was captured; null if nothing was, or a certificate alone on what may be a Unix domain socket. */
    static @Nullable PeerEvidence of(Channel channel) {
        PeerCredentialsResult setup = setup(channel);
        PeerCredentialsResult sender = sender(channel);
        PeerCertificateResult certificate = certificate(channel);
        boolean unix = setup != null || sender != null;
        return unix || (certificate != null && isRemote(channel))
                ? new PeerEvidence(setup, sender, null, certificate)
                : null;
    }

    /**
     * Whether the peer cannot be on a Unix domain socket, so that there is nothing to capture. A channel of which it is not known is not: rules that
     * deny users would be passed over.
     */
    private static boolean isRemote(Channel channel) {
        return channel.remoteAddress() instanceof InetSocketAddress;
    }

    /** What TLS says of the peer; null if nobody looked. */
    static @Nullable PeerCertificateResult certificate(Channel channel) {
        PeerCertificateResult result = PeerCertificateResult.of(channel);
        return result instanceof CertificateAbsence absence
                        && absence.reason() == CertificateAbsence.Reason.NOT_CAPTURED
                ? null
                : result;
    }

    /** The same, of a message with a sender of its own. */
    static PeerEvidence of(Channel channel, PeerCredentialsResult sender) {
        return new PeerEvidence(setup(channel), sender, null, certificate(channel));
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
