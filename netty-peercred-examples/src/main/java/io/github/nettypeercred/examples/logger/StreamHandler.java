// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;

/** Stores the lines of one connection, and drops none: while their sender has too many waiting it does not ask for a read. */
final class StreamHandler extends ChannelInboundHandlerAdapter {
    private final LogStore store;
    private OptionalLong full = OptionalLong.empty();

    StreamHandler(LogStore store) {
        this.store = store;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        AttestedMessage line = (AttestedMessage) msg;
        UnixPeerCredentials sender = line.credentials().orElseThrow(); // EveryReadHandler closes without
        store.add(new Entry(Instant.now(), sender, (ByteBuf) line.message(), 0, line));
        if (!store.hasRoom(sender.uid())) {
            full = OptionalLong.of(sender.uid());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (full.isPresent()) {
            store.whenRoom(full.getAsLong(), () -> readLater(ctx));
            full = OptionalLong.empty();
        } else {
            ctx.read();
        }
    }

    private static void readLater(ChannelHandlerContext ctx) {
        try {
            ctx.executor().execute(ctx::read);
        } catch (RejectedExecutionException e) {
            // the event loop has ended, and the connection with it
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close(); // no syslog stream
    }
}
