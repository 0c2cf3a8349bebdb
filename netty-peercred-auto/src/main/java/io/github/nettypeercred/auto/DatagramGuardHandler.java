// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.BindException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Refuses to bind a Unix socket for datagrams: who sends them could only be told to handlers that know of it. */
final class DatagramGuardHandler extends ChannelOutboundHandlerAdapter {
    private boolean refused;

    /** A socket that was bound, or connected, by another: no bind is to come. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            refused = true;
            refused(ctx.channel().localAddress());
            // Later, since a channel that is closed while it is being registered may stay open.
            ctx.executor().execute(ctx::close);
        }
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        if (!refused) {
            ctx.read();
        }
    }

    @Override
    public void bind(ChannelHandlerContext ctx, SocketAddress localAddress, ChannelPromise promise) {
        promise.tryFailure(refused(localAddress));
    }

    private static BindException refused(@Nullable SocketAddress address) {
        String why = "netty-peercred-auto: " + (address == null ? "a socket that was bound by another" : address)
                + " is not served: it is for datagrams, which cannot be guarded; -D" + Settings.DATAGRAMS
                + "=open leaves them alone";
        Log.LOGGER.error(why);
        return new BindException(why);
    }
}
