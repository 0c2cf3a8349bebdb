// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.BindException;
import java.net.SocketAddress;

/** Refuses to bind a Unix socket for datagrams: who sends them could only be told to handlers that know of it. */
final class DatagramGuardHandler extends ChannelOutboundHandlerAdapter {
    @Override
    public void bind(ChannelHandlerContext ctx, SocketAddress localAddress, ChannelPromise promise) {
        String why = "netty-peercred-auto: " + localAddress
                + " is not served: it is for datagrams, which cannot be guarded; -D" + Settings.DATAGRAMS
                + "=open leaves them alone";
        Log.LOGGER.error(why);
        promise.tryFailure(new BindException(why));
    }
}
