// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AcceptedPeersTest {
    private final AcceptedPeers accepted = new AcceptedPeers();

    private static EmbeddedChannel channel(@Nullable SocketAddress remote) {
        return new EmbeddedChannel() {
            @Override
            protected @Nullable SocketAddress remoteAddress0() {
                return remote;
            }
        };
    }

    @Test
    void connections_withEqualAddresses_areToldApartByIdentity() {
        EmbeddedChannel one = channel(new DomainSocketAddress(""));
        EmbeddedChannel other = channel(new DomainSocketAddress(""));
        assertThat(one.remoteAddress()).isEqualTo(other.remoteAddress());
        assertThat(accepted.add(one)).isTrue();
        assertThat(accepted.add(other)).isTrue();
        assertThat(accepted.take(other.remoteAddress())).isSameAs(other);
        assertThat(accepted.take(one.remoteAddress())).isSameAs(one);
        assertThat(accepted.take(one.remoteAddress())).isNull();
        assertThat(accepted.take(new DomainSocketAddress(""))).isNull();
    }

    @Test
    void connections_withOneObjectForAnAddress_areNeitherFound() {
        SocketAddress shared = new DomainSocketAddress("");
        EmbeddedChannel one = channel(shared);
        assertThat(accepted.add(one)).isTrue();
        assertThat(accepted.add(channel(shared))).isFalse();
        assertThat(accepted.take(shared)).isNull();
        one.runPendingTasks();
        assertThat(one.isOpen()).isFalse();
    }

    @Test
    void connection_withoutAnAddress_isNotTakenUp() {
        assertThat(accepted.add(channel(null))).isFalse();
    }

    @Test
    void connection_thatCloses_isForgotten() {
        EmbeddedChannel one = channel(new DomainSocketAddress(""));
        assertThat(accepted.add(one)).isTrue();
        assertThat(accepted.size()).isEqualTo(1);
        one.close();
        assertThat(accepted.size()).isZero();
    }

    @Test
    void transport_ofNobodyAccepted_getsNoPeer() {
        PeerAuthorization authorization = PeerAuthorization.of(
                PeerPolicy.builder().allow("everybody", rule -> rule.anyUser()).build());
        PeerTransportFilter filter = new PeerTransportFilter(accepted, authorization);
        Attributes foreign = Attributes.newBuilder()
                .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, new DomainSocketAddress(""))
                .build();
        assertThat(filter.transportReady(foreign)).isSameAs(foreign);
        assertThat(filter.transportReady(Attributes.EMPTY)).isSameAs(Attributes.EMPTY);

        EmbeddedChannel uncaptured = channel(new DomainSocketAddress(""));
        accepted.add(uncaptured);
        Attributes known = Attributes.newBuilder()
                .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, uncaptured.remoteAddress())
                .build();
        assertThat(filter.transportReady(known).get(GrpcPeer.ATTRIBUTE)).isNull();
    }
}
