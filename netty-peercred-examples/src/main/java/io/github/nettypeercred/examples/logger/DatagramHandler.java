// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Instant;

/** Stores datagrams, or drops and counts them, but never waits: all senders share one queue. */
final class DatagramHandler extends ChannelInboundHandlerAdapter {
    private final LogStore store;
    private final PeerLimits limits;

    DatagramHandler(LogStore store, PeerLimits limits) {
        this.store = store;
        this.limits = limits;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        AttestedDatagram datagram = (AttestedDatagram) msg;
        if (!(datagram.credentials() instanceof UnixPeerCredentials sender)) {
            store.dropUnknown();
        } else if (limits.charge(sender, 1, datagram.originalLength()) && store.hasRoom(sender.uid())) {
            int lost = datagram.originalLength() - datagram.content().readableBytes();
            store.add(new Entry(Instant.now(), sender, datagram.content(), lost, datagram));
            return;
        } else {
            store.drop(sender.uid());
        }
        datagram.release();
    }
}
