// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.netty.channel.Channel;
import java.net.SocketAddress;

/** Puts the peer of a connection into the attributes of its transport. Without a peer there, no call is let through. */
final class PeerTransportFilter extends ServerTransportFilter {
    private final AcceptedPeers accepted;
    private final PeerAuthorization authorization;

    PeerTransportFilter(AcceptedPeers accepted, PeerAuthorization authorization) {
        this.accepted = accepted;
        this.authorization = authorization;
    }

    @Override
    public Attributes transportReady(Attributes attributes) {
        SocketAddress remote = attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        Channel channel = remote == null ? null : accepted.take(remote);
        if (channel != null && UnixPeerCredentials.of(channel) instanceof UnixPeerCredentials credentials) {
            return attributes.toBuilder()
                    .set(GrpcPeer.ATTRIBUTE, new GrpcPeer(channel, credentials, authorization))
                    .build();
        }
        return attributes;
    }
}
