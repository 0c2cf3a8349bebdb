// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;

/** An embedded channel that is registered first and becomes active when the test says so. */
final class ConnectableChannel extends EmbeddedChannel {
    private boolean connected;

    private ConnectableChannel() {
        super(false, false);
    }

    /** A registered channel with a peer and, first to last, these handlers; without any, the handlers come later. */
    static ConnectableChannel with(PretendedPeer peer, ChannelHandler... handlers) {
        ConnectableChannel channel = new ConnectableChannel();
        peer.on(channel);
        // A read makes an embedded channel run its tasks at once, which is for the test to say.
        channel.config().setAutoRead(false);
        // An embedded channel wants a handler of its user's.
        channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter());
        channel.pipeline().addLast(handlers);
        try {
            channel.register();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return channel;
    }

    /** Becomes active and says so to the pipeline. */
    ConnectableChannel connect() {
        connected = true;
        pipeline().fireChannelActive();
        return this;
    }

    /** Is active from now on, without the pipeline being told. */
    ConnectableChannel connectSilently() {
        connected = true;
        return this;
    }

    @Override
    public boolean isActive() {
        return connected && super.isActive();
    }
}
