// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.CertificateAbsence;
import io.github.nettypeercred.authz.PeerCertificate;
import io.github.nettypeercred.authz.PeerCertificateResult;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who is on the other end of a connection, local or remote: by the kernel's word, by that of a certificate authority, by both, or by none. It says
 * what was captured, and not what the peer may do: that is {@link io.github.nettypeercred.authz.PeerAccess}.
 *
 * <pre>{@code
 * String name = switch (PeerIdentity.of(ctx.channel())) { ... }
 * }</pre>
 */
public sealed interface PeerIdentity {
    /**
     * Returns who is on the other end of a channel, as it was captured by the handlers in its pipeline or in that of its parents.
     *
     * @param channel the channel, on any thread
     * @return the identity; {@link Unidentified} if there is none, or one that was refused
     */
    static PeerIdentity of(Channel channel) {
        PeerCredentialsResult credentials = UnixPeerCredentials.of(Objects.requireNonNull(channel, "channel"));
        PeerCertificateResult shown = PeerCertificateResult.of(channel);
        if (shown instanceof CertificateAbsence absence
                && absence.reason() != CertificateAbsence.Reason.NOT_CAPTURED
                && absence.reason() != CertificateAbsence.Reason.NOT_SHOWN) {
            return new Unidentified(absence.toString()); // whoever it claims to be, TLS was not as it should be
        }
        PeerCertificate certificate = shown instanceof PeerCertificate known ? known : null;
        if (credentials instanceof UnixPeerCredentials known) {
            return certificate == null ? new ByCredentials(known) : new ByBoth(known, certificate);
        }
        return certificate == null || !mayLackCredentials(channel, ((Absence) credentials).reason())
                ? new Unidentified(credentials + "; " + shown)
                : new ByCertificate(certificate);
    }

    private static boolean mayLackCredentials(Channel channel, AbsenceReason reason) {
        return reason == AbsenceReason.UNMAPPED
                || (reason == AbsenceReason.NOT_CAPTURED && remoteAddress(channel) instanceof InetSocketAddress);
    }

    private static java.net.@Nullable SocketAddress remoteAddress(Channel channel) {
        Channel at = channel;
        while (at.remoteAddress() == null && at.parent() != null) { // a stream of a connection has none of its own
            at = at.parent();
        }
        return at.remoteAddress();
    }

    /**
     * A peer on a Unix domain socket without a certificate.
     *
     * @param credentials what the kernel attests
     */
    record ByCredentials(UnixPeerCredentials credentials) implements PeerIdentity {
        /** Checks that nothing is null. */
        public ByCredentials {
            Objects.requireNonNull(credentials, "credentials");
        }
    }

    /**
     * A remote peer, or one on a Unix domain socket whose ids have no numbers here.
     *
     * @param certificate what it proved to hold
     */
    record ByCertificate(PeerCertificate certificate) implements PeerIdentity {
        /** Checks that nothing is null. */
        public ByCertificate {
            Objects.requireNonNull(certificate, "certificate");
        }
    }

    /**
     * A peer that speaks TLS over a Unix domain socket. The two may be different parties: a process of the one may act for the other.
     *
     * @param credentials what the kernel attests
     * @param certificate what the peer proved to hold
     */
    record ByBoth(UnixPeerCredentials credentials, PeerCertificate certificate) implements PeerIdentity {
        /** Checks that nothing is null. */
        public ByBoth {
            Objects.requireNonNull(credentials, "credentials");
            Objects.requireNonNull(certificate, "certificate");
        }
    }

    /**
     * Nobody that is known.
     *
     * @param why what is missing, in words
     */
    record Unidentified(String why) implements PeerIdentity {
        /** Checks that nothing is null. */
        public Unidentified {
            Objects.requireNonNull(why, "why");
        }
    }
}
