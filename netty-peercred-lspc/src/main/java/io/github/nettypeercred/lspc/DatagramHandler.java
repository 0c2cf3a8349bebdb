// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.authz.PeerEvidence;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;

/** Queues who sent each datagram, and drops the rest of it. */
final class DatagramHandler extends SimpleChannelInboundHandler<AttestedDatagram> {
    /** Datagrams have no connection: they all come through the one socket. */
    private static final long THE_SOCKET = 1;

    private final HappeningQueue happenings;

    DatagramHandler(HappeningQueue happenings) {
        this.happenings = happenings;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, AttestedDatagram datagram) {
        happenings.add(
                new Happening.Data(
                        THE_SOCKET, datagram.originalLength(), new PeerEvidence(null, datagram.credentials(), null)),
                ctx.channel());
    }
}
