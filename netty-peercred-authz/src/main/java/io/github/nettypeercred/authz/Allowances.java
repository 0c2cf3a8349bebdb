// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.UnixPeerCredentials;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many lines peers may cause in a log. Users, certificates and addresses have allowances apart, lest strangers use up what others need. For any
 * thread.
 */
final class Allowances {
    private static final int USERS = 1024;
    private static final int CERTIFICATES = 256;
    private static final int ADDRESSES = 64;

    private final LineAllowance users;
    private final LineAllowance certificates;
    private final LineAllowance addresses;
    private final LineAllowance others;

    Allowances(LongSupplier nanoTime) {
        users = new LineAllowance(USERS, nanoTime);
        certificates = new LineAllowance(CERTIFICATES, nanoTime);
        addresses = new LineAllowance(ADDRESSES, nanoTime);
        others = new LineAllowance(1, nanoTime);
    }

    /** Takes a line of what is the user's, else of who has the certificate, else of the address; all others share one. As {@link LineAllowance#take}. */
    int take(@Nullable SocketAddress remote, PeerEvidence evidence) {
        if (evidence.subject() instanceof UnixPeerCredentials peer) {
            return users.take(peer.uid());
        }
        PeerCertificate certificate = evidence.verified();
        if (certificate != null) {
            return certificates.take(certificate.x509().hashCode());
        }
        return remote instanceof InetSocketAddress internet
                ? addresses.take(network(internet.getAddress()))
                : others.take(0);
    }

    /** An address of IPv4, or the first 64 bits of one of IPv6, of which one host may have all. */
    private static long network(@Nullable InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address == null ? new byte[Integer.BYTES] : address.getAddress());
        return bytes.remaining() < Long.BYTES ? bytes.getInt() : bytes.getLong();
    }
}
