// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.function.Consumer;

/**
 * Stands on the server channel in front of Netty's acceptor, and puts handlers into the pipeline of each accepted connection, where grpc's
 * come behind them.
 */
final class AcceptedPeerInitializer extends ChannelInboundHandlerAdapter {
    private final Consumer<Channel> initializer;

    AcceptedPeerInitializer(Consumer<Channel> initializer) {
        this.initializer = initializer;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (msg instanceof Channel child && !initialize(child)) {
            return;
        }
        ctx.fireChannelRead(msg);
    }

    /** Never throws: what escapes here would stop the acceptor for a second. */
    private boolean initialize(Channel child) {
        try {
            initializer.accept(child);
            return true;
        } catch (Throwable t) {
            Log.warn("an accepted connection is closed, because its handlers could not be added", t);
            child.unsafe().closeForcibly();
            return false;
        }
    }
}
