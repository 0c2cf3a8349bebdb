// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A bound datagram channel with the handler, and what comes out of it. */
final class DatagramServer implements AutoCloseable {
    /** What a datagram was, or the text of another event. */
    record Got(
            String text,
            PeerCredentialsResult credentials,
            String sender,
            String recipient,
            int originalLength,
            boolean truncated) {}

    final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    private final EventLoopGroup group;
    private final Path path = TestServer.newPath();
    private final Channel channel;

    private DatagramServer(
            Class<? extends Channel> type,
            AttestedDatagramHandler.Builder handler,
            Consumer<Bootstrap> options,
            @Nullable ChannelInboundHandlerAdapter application) {
        group = TestTransport.of(type).newGroup(1);
        ChannelInboundHandlerAdapter last = application == null ? new Recorder(seen) : application;
        Bootstrap bootstrap = new Bootstrap().group(group).channel(type).handler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel initialized) {
                initialized.pipeline().addLast(handler.build(), last);
            }
        });
        options.accept(bootstrap);
        channel = bootstrap
                .bind(new DomainSocketAddress(path.toString()))
                .syncUninterruptibly()
                .channel();
        TestServer.openToAll(path);
    }

    static DatagramServer start(Class<? extends Channel> type) {
        return start(type, AttestedDatagramHandler.builder(), bootstrap -> {});
    }

    static DatagramServer start(
            Class<? extends Channel> type, AttestedDatagramHandler.Builder handler, Consumer<Bootstrap> options) {
        return new DatagramServer(type, handler, options, null);
    }

    static DatagramServer start(
            Class<? extends Channel> type,
            AttestedDatagramHandler.Builder handler,
            Consumer<Bootstrap> options,
            ChannelInboundHandlerAdapter application) {
        return new DatagramServer(type, handler, options, application);
    }

    String path() {
        return path.toString();
    }

    Channel channel() {
        return channel;
    }

    EventLoopGroup group() {
        return group;
    }

    Object nextEvent() {
        try {
            return Objects.requireNonNull(seen.poll(30, TimeUnit.SECONDS), "nothing came for 30 s");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    Got next() {
        return (Got) nextEvent();
    }

    boolean sawNothingMore() {
        channel.eventLoop().submit(() -> {}).syncUninterruptibly();
        return seen.isEmpty();
    }

    @Override
    public void close() {
        try {
            // Without a quiet period, which is counted from the last task, Netty's loop may end before it closes its
            // channels.
            channel.eventLoop().submit(() -> {}).syncUninterruptibly();
            group.shutdownGracefully(20, 5000, TimeUnit.MILLISECONDS).syncUninterruptibly();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Recorder extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<Object> seen;

        Recorder(BlockingQueue<Object> seen) {
            this.seen = seen;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            try {
                if (msg instanceof AttestedDatagram datagram) {
                    seen.add(new Got(
                            datagram.content().toString(UTF_8),
                            datagram.credentials(),
                            datagram.sender().path(),
                            datagram.recipient().path(),
                            datagram.originalLength(),
                            datagram.truncated()));
                } else {
                    seen.add("unattested " + msg);
                }
            } finally {
                ReferenceCountUtil.release(msg);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            seen.add(evt);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            seen.add(cause);
        }
    }
}
