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
import java.util.ArrayList;
import java.util.List;

/**
 * What {@code lspc listen} captures of its peers.
 *
 * @param mode when
 * @param groups whether supplementary groups are asked for
 * @param label whether the security label is asked for
 * @param goOn whether each connection begins with the go-on handshake
 * @param deadline how long to wait for the first bytes
 * @param connection whether who connected is captured also where who sends is asked for
 */
record Capture(Mode mode, boolean groups, boolean label, boolean goOn, Duration deadline, boolean connection) {
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
        List<ChannelHandler> handlers = new ArrayList<>();
        if (mode == Mode.EVERY_READ && connection) {
            handlers.add(connect().admitAbsent().build());
        }
        if (goOn) {
            handlers.add(new GoOnServerHandler(GoOn.ofDefault().deadline(deadline)));
        }
        handlers.add(capture());
        return handlers;
    }

    private ChannelHandler capture() {
        return switch (mode) {
            case CONNECT -> connect().build();
            case FIRST_READ -> firstRead();
            case EVERY_READ -> everyRead();
            case DATAGRAM -> datagrams();
        };
    }

    private PeerCredentialsHandler.Builder connect() {
        PeerCredentialsHandler.Builder handler =
                PeerCredentialsHandler.builder().process();
        if (groups) {
            handler.groups();
        }
        if (label) {
            handler.label();
        }
        return handler;
    }

    private ChannelHandler firstRead() {
        PeerCredentialsHandler.Builder handler = connection
                ? connect().connectAndFirstRead()
                : PeerCredentialsHandler.builder().firstRead();
        handler.deadline(deadline).senderProcess();
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
