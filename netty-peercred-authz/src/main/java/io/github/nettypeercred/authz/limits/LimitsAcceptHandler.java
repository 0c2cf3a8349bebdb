// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import io.netty.util.ReferenceCountUtil;

/** Opens the connections that are accepted, each in its account, and closes those over a limit. */
@Sharable
final class LimitsAcceptHandler extends ChannelInboundHandlerAdapter {
    private final PeerLimits limits;

    LimitsAcceptHandler(PeerLimits limits) {
        this.limits = limits;
    }

    /** Closes an accepted connection that it was added to by mistake: there it would let everybody in. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (isMisplaced(ctx)) {
            // Later, since a channel that is closed while it is being registered may stay open.
            ctx.executor().execute(() -> {
                ctx.fireExceptionCaught(
                        new IllegalStateException(
                                "the handler of PeerLimits.acceptHandler() was added to an"
                                        + " accepted connection: it belongs in ServerBootstrap.handler(..), and that of handler() here"));
                ctx.close();
            });
        }
    }

    private static boolean isMisplaced(ChannelHandlerContext ctx) {
        return ctx.channel().parent() instanceof ServerChannel;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (isMisplaced(ctx)) {
            ReferenceCountUtil.release(msg);
        } else if (!(msg instanceof Channel child)) {
            ctx.fireChannelRead(msg);
        } else if (!PeerLimits.isCaptured(child)) {
            child.unsafe().closeForcibly();
            ctx.fireExceptionCaught(new IllegalStateException("nobody has captured whose connection was accepted: put a"
                    + " PeerCredentialsAcceptHandler in front of the handler of PeerLimits.acceptHandler()"));
        } else {
            ConnectionLease lease = limits.openAccepted(child);
            if (lease == null) {
                child.unsafe().closeForcibly();
            } else {
                ctx.fireChannelRead(msg);
                limits.watch(lease);
            }
        }
    }
}
