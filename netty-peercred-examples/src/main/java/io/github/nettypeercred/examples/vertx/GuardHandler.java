// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.vertx;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Belongs to a server channel: puts capture and policy in front of each accepted connection, ahead of the framework's handlers. */
final class GuardHandler extends ChannelInboundHandlerAdapter {
    /** What a connect handler may write before it is decided: Vert.x calls it that early. */
    private static final int GREETING = 65536;

    private final PeerCredentialsHandler.Builder capture =
            PeerCredentialsHandler.builder().groups();
    private final PeerAuthorizationHandler.Builder policy;

    GuardHandler(PeerAuthorization authorization) {
        policy = PeerAuthorizationHandler.builder(authorization).queueWrites(GREETING);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object accepted) {
        Channel connection = (Channel) accepted;
        try {
            connection.pipeline().addLast(capture.build(), policy.build());
        } catch (Throwable t) {
            connection.unsafe().closeForcibly();
            throw t;
        }
        ctx.fireChannelRead(accepted);
    }
}
