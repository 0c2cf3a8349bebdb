// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.GoOnClientHandler;
import io.github.nettypeercred.SendCredentialsHandler;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Connects to a socket and sends bytes, the first of them with credentials.
 *
 * @param path where to
 * @param ids whose credentials, null for the real ones of this process
 * @param datagram whether to send one datagram, rather than a stream
 * @param goOn whether to wait for the server's message and answer it
 */
record Send(SocketPath path, @Nullable SenderIds ids, boolean datagram, boolean goOn) {
    /** The most that is read ahead of the socket; and, as no kernel here takes one as long by default, of a datagram. */
    private static final int PIECE = 1 << 20;

    /** Sends what an input brings, to its end. */
    void run(InputStream input) throws IOException, Failure, InterruptedException {
        path.requireSocket();
        byte[] piece = input.readNBytes(PIECE);
        if (piece.length == 0) {
            throw path.failure("there is nothing to send, and credentials come with bytes");
        }
        if (datagram && piece.length == PIECE) {
            throw path.failure("a datagram has less than " + PIECE + " bytes here");
        }
        try (Connector connector = new Connector()) {
            Channel channel = connector.connect(
                    path, datagram ? EpollDomainDatagramChannel.class : EpollDomainSocketChannel.class, this::handlers);
            while (piece.length > 0) {
                send(channel, piece);
                piece = input.readNBytes(PIECE);
            }
            channel.close().await();
        }
    }

    private List<ChannelHandler> handlers() {
        List<ChannelHandler> handlers = new ArrayList<>();
        handlers.add(ids == null ? new SendCredentialsHandler() : ids.handler());
        if (goOn) {
            handlers.add(new GoOnClientHandler());
        }
        handlers.add(new Drop());
        return handlers;
    }

    private void send(Channel channel, byte[] piece) throws Failure, InterruptedException {
        ChannelFuture sent =
                channel.writeAndFlush(Unpooled.wrappedBuffer(piece)).await();
        if (!sent.isSuccess()) {
            throw new Failure(path.text() + ": cannot send: " + sent.cause().getMessage(), sent.cause());
        }
    }

    /** Drops what the other side sends. What goes wrong is told by the writes. */
    private static final class Drop extends ChannelInboundHandlerAdapter {
        Drop() {}

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            ReferenceCountUtil.release(event);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
