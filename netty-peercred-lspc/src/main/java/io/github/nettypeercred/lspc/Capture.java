// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;

/**
 * What {@code lspc listen} captures of its peers.
 *
 * @param mode when
 * @param groups whether supplementary groups are asked for
 * @param label whether the security label is asked for
 * @param deadline how long to wait for the first bytes
 */
record Capture(Mode mode, boolean groups, boolean label, Duration deadline) {
    /** Makes the handler of the server channel. */
    ChannelHandler acceptHandler() {
        return mode == Mode.CONNECT
                ? new ChannelInboundHandlerAdapter()
                : PeerCredentialsAcceptHandler.builder()
                        .admitAbsent()
                        .firstRead()
                        .build();
    }

    /** Adds what captures to the pipeline of a connection. */
    void addTo(Channel connection) {
        PeerCredentialsHandler.Builder handler = PeerCredentialsHandler.builder();
        if (mode == Mode.CONNECT) {
            handler.process();
            if (groups) {
                handler.groups();
            }
            if (label) {
                handler.label();
            }
        } else {
            handler.firstRead().deadline(deadline).senderProcess();
            if (label) {
                handler.senderLabel();
            }
        }
        connection.pipeline().addLast(handler.build());
    }
}
