// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** An embedded channel whose messages have a sender each, and what passes on it. */
final class SharedStream {
    private static final Constructor<?> ENVELOPE = AttestedMessage.class.getDeclaredConstructors()[0];

    static {
        ENVELOPE.setAccessible(true);
    }

    final List<String> seen = new ArrayList<>();
    final EmbeddedChannel channel = new EmbeddedChannel(false, false);
    private final ChannelInboundHandlerAdapter source = new ChannelInboundHandlerAdapter();

    /** Makes one that is connected, whose time stands still. */
    SharedStream(PretendedPeer connected, PeerAuthorizationHandler handler) throws Exception {
        connected.on(channel);
        channel.pipeline()
                .addLast(
                        PeerCredentialsHandler.builder().groups().build(),
                        AttestedDecoder.builder()
                                .decoder(ChannelInboundHandlerAdapter::new)
                                .build(),
                        source,
                        handler,
                        new Witness());
        channel.register();
        channel.freezeTime();
    }

    /** Has a message come in. */
    void read(PeerCredentialsResult sender) throws ReflectiveOperationException {
        Objects.requireNonNull(channel.pipeline().context(source))
                .fireChannelRead(ENVELOPE.newInstance(Unpooled.buffer(1).writeByte('x'), sender, null));
    }

    private final class Witness extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            seen.add("read: " + ((AuthorizedMessage) msg).access());
            ReferenceCountUtil.release(msg);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerAccessEvent event) {
                seen.add(event.getClass().getSimpleName() + ": " + event.access());
            }
        }
    }
}
