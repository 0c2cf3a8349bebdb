// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import java.util.Objects;

/** What TLS says of a peer: the certificate that it proved to hold, or that there is none and why. */
public sealed interface PeerCertificateResult permits PeerCertificate, CertificateAbsence {
    /**
     * Returns what was captured on a channel, or on the nearest parent of it that has something stored. HTTP/2 stream channels find their
     * connection's this way. A server channel is never read, and a value that somebody copied to another channel counts as none.
     *
     * @param channel the channel, on any thread
     * @return the certificate, or an absence: {@link CertificateAbsence.Reason#NOT_CAPTURED} if nobody looked
     */
    static PeerCertificateResult of(Channel channel) {
        Objects.requireNonNull(channel, "channel");
        for (Channel at = channel; at != null && !(at instanceof ServerChannel); at = at.parent()) {
            Object value = at.hasAttr(StoredCertificate.KEY)
                    ? at.attr(StoredCertificate.KEY).get()
                    : null;
            if (value != null) {
                return value instanceof StoredCertificate stored && stored.channel == at
                        ? stored.result
                        : StoredCertificate.NONE;
            }
        }
        return StoredCertificate.NONE;
    }
}
