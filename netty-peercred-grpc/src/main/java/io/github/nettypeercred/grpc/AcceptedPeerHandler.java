// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.authz.PeerAccessEvent;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Stands in front of grpc in the pipeline of an accepted connection: makes it known to the transport filter, and takes the farewell
 * out once the peer is let in. Netty passes by it with all but events.
 */
@Sharable
final class AcceptedPeerHandler extends ChannelInboundHandlerAdapter {
    private final AcceptedPeers accepted;

    AcceptedPeerHandler(AcceptedPeers accepted) {
        this.accepted = accepted;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (!accepted.add(ctx.channel())) {
            Log.warn("a connection has no remote address of its own, and is closed: " + ctx.channel());
            // Later, since a channel that is closed while it is being registered may stay open.
            ctx.executor().execute(ctx::close);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof PeerAccessEvent.Allowed) {
            FarewellHandler farewell = ctx.pipeline().get(FarewellHandler.class);
            if (farewell != null) {
                ctx.pipeline().remove(farewell);
            }
        }
        ctx.fireUserEventTriggered(evt);
    }
}
