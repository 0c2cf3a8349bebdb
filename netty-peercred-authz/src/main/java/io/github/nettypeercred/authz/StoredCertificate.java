// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;

/** What is stored, bound to its channel, since anybody can get at the key by its name. */
final class StoredCertificate {
    static final AttributeKey<Object> KEY = AttributeKey.valueOf("io.github.nettypeercred.authz.PeerCertificate");
    static final CertificateAbsence NONE =
            new CertificateAbsence(CertificateAbsence.Reason.NOT_CAPTURED, "no certificate was captured");

    final Channel channel;
    final PeerCertificateResult result;

    private StoredCertificate(Channel channel, PeerCertificateResult result) {
        this.channel = channel;
        this.result = result;
    }

    /** Whether something was captured on this very channel. */
    static boolean isStored(Channel channel) {
        return channel.attr(KEY).get() instanceof StoredCertificate stored && stored.channel == channel;
    }

    static void store(Channel channel, PeerCertificateResult result) {
        channel.attr(KEY).set(new StoredCertificate(channel, result));
    }
}
