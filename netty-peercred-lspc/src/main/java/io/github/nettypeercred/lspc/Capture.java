// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.GoOn;
import io.github.nettypeercred.GoOnServerHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.List;

/**
 * What {@code lspc listen} captures of its peers.
 *
 * @param mode when
 * @param groups whether supplementary groups are asked for
 * @param label whether the security label is asked for
 * @param goOn whether each connection begins with the go-on handshake
 * @param deadline how long to wait for the first bytes
 */
record Capture(Mode mode, boolean groups, boolean label, boolean goOn, Duration deadline) {
    /** Makes the handler of the server channel. */
    ChannelHandler acceptHandler() {
        return mode == Mode.CONNECT
                ? new ChannelInboundHandlerAdapter()
                : PeerCredentialsAcceptHandler.builder()
                        .admitAbsent()
                        .firstRead()
                        .build();
    }

    /** Makes the handlers of a connection or of a datagram channel, the last of which captures. */
    List<ChannelHandler> handlers() {
        return goOn
                ? List.of(new GoOnServerHandler(GoOn.ofDefault().deadline(deadline)), capture())
                : List.of(capture());
    }

    private ChannelHandler capture() {
        return switch (mode) {
            case CONNECT -> connect();
            case FIRST_READ -> firstRead();
            case EVERY_READ -> everyRead();
            case DATAGRAM -> datagrams();
        };
    }

    private ChannelHandler connect() {
        PeerCredentialsHandler.Builder handler =
                PeerCredentialsHandler.builder().process();
        if (groups) {
            handler.groups();
        }
        if (label) {
            handler.label();
        }
        return handler.build();
    }

    private ChannelHandler firstRead() {
        PeerCredentialsHandler.Builder handler =
                PeerCredentialsHandler.builder().firstRead().deadline(deadline).senderProcess();
        if (label) {
            handler.senderLabel();
        }
        return handler.build();
    }

    private ChannelHandler everyRead() {
        EveryReadHandler.Builder handler =
                EveryReadHandler.builder().allowSenderChange().admitAbsent().deadline(deadline);
        if (label) {
            handler.senderLabel();
        }
        return handler.build();
    }

    private ChannelHandler datagrams() {
        AttestedDatagramHandler.Builder handler = AttestedDatagramHandler.builder();
        if (label) {
            handler.senderLabel();
        }
        return handler.build();
    }
}
