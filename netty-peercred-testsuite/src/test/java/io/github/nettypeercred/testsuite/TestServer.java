// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.AttestedBytes;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A server on a Unix socket that every user may connect to, and what its pipeline's last handler sees. */
final class TestServer implements AutoCloseable {
    private static final Paths PATHS = new Paths();

    private final EventLoopGroup acceptors;
    private final EventLoopGroup children;
    private final Path path;
    private final Channel channel;
    private final BlockingQueue<Seen> seen = new LinkedBlockingQueue<>();

    private TestServer(
            TestTransport transport,
            @Nullable ChannelHandler acceptHandler,
            @Nullable EventLoopGroup foreignChildren,
            Consumer<Channel> childPipeline) {
        acceptors = transport.newGroup(1);
        children = foreignChildren == null ? transport.newGroup(1) : foreignChildren;
        path = PATHS.next();
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(acceptors, children)
                .channel(transport.serverChannel())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        childPipeline.accept(child);
                        child.pipeline().addLast("witness", new Witness());
                    }
                });
        if (acceptHandler != null) {
            bootstrap.handler(acceptHandler);
        }
        channel = bootstrap
                .bind(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        openToAll(path);
    }

    static TestServer start(TestTransport transport, Consumer<Channel> childPipeline) {
        return new TestServer(transport, null, null, childPipeline);
    }

    static TestServer start(TestTransport transport, ChannelHandler acceptHandler, Consumer<Channel> childPipeline) {
        return new TestServer(transport, acceptHandler, null, childPipeline);
    }

    static TestServer start(
            TestTransport transport,
            ChannelHandler acceptHandler,
            EventLoopGroup children,
            Consumer<Channel> childPipeline) {
        return new TestServer(transport, acceptHandler, children, childPipeline);
    }

    static void openToAll(Path socket) {
        try {
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path newPath() {
        return PATHS.next();
    }

    String path() {
        return path.toString();
    }

    Channel channel() {
        return channel;
    }

    /** The next thing that the last handler of a child's pipeline saw. */
    Seen next() {
        try {
            Seen next = seen.poll(30, TimeUnit.SECONDS);
            return Objects.requireNonNull(next, "nothing happened within 30 s");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The credentials of the next child, which must be captured first of all that happens. */
    UnixPeerCredentials nextCredentials() {
        Seen first = next();
        assertThat(first.what).isInstanceOf(PeerCredentialsEvent.Captured.class);
        UnixPeerCredentials credentials = ((PeerCredentialsEvent.Captured) first.what).result();
        assertThat(UnixPeerCredentials.of(first.channel)).isSameAs(credentials);
        return credentials;
    }

    boolean sawNothingMore() {
        return seen.isEmpty();
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
        acceptors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        children.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /**
     * Something that reached the last handler.
     *
     * @param channel the child channel
     * @param what an event, or "active", "inactive", "read TEXT", of envelopes "UID sent TEXT" or "UID said TEXT"
     */
    record Seen(Channel channel, Object what) {}

    private final class Witness extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerCredentialsEvent) {
                seen.add(new Seen(ctx.channel(), evt));
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            seen.add(new Seen(ctx.channel(), "active"));
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            seen.add(new Seen(ctx.channel(), "inactive"));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof String) {
                seen.add(new Seen(ctx.channel(), msg));
                return;
            }
            if (msg instanceof AttestedBytes bytes) {
                seen.add(new Seen(
                        ctx.channel(),
                        who(bytes.credentials()) + " sent " + bytes.content().toString(StandardCharsets.UTF_8)));
                bytes.release();
                return;
            }
            if (msg instanceof AttestedMessage message) {
                Object decoded = message.message();
                String text =
                        decoded instanceof ByteBuf bytes ? bytes.toString(StandardCharsets.UTF_8) : decoded.toString();
                seen.add(new Seen(ctx.channel(), who(message.credentials()) + " said " + text));
                message.release();
                return;
            }
            ByteBuf bytes = (ByteBuf) msg;
            seen.add(new Seen(ctx.channel(), "read " + bytes.toString(StandardCharsets.UTF_8)));
            bytes.release();
        }

        private String who(PeerCredentialsResult sender) {
            return sender.credentials()
                    .map(known -> Long.toString(known.uid()))
                    .orElseGet(() -> sender.absence().orElseThrow().reason().name());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    /** Socket paths in a folder that every user may enter, deleted when the JVM ends. */
    private static final class Paths {
        private final Path folder;
        private int count;

        Paths() {
            try {
                folder = Files.createTempDirectory("peercred");
                Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
                folder.toFile().deleteOnExit();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        synchronized Path next() {
            Path path = folder.resolve(++count + ".sock");
            path.toFile().deleteOnExit();
            return path;
        }
    }
}
