// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.authz.PeerAccessEvent;
import io.grpc.Status;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Stands in front of grpc in the pipeline of a client, and tells it why the connection closes: else it says that it does not know. */
final class RequiredServerHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof PeerAccessEvent.Denied denied) {
            ctx.fireExceptionCaught(Status.UNAVAILABLE
                    .withDescription("the socket's server is not the one required: " + denied.access())
                    .asRuntimeException());
        }
        ctx.fireUserEventTriggered(evt);
    }
}
