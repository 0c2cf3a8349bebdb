// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The demo's server: refuses at accept whom its rule denies, greets everybody else, and keeps who they were. */
final class DemoServer {
    private static final long PATIENCE_SECONDS = 5;

    private final BlockingQueue<PeerCredentialsResult> captured = new LinkedBlockingQueue<>();
    private final PeerCredentialsAcceptHandler gate;

    private DemoServer(Predicate<UnixPeerCredentials> allowed) {
        gate = PeerCredentialsAcceptHandler.builder().groups().allowIf(allowed).build();
    }

    static DemoServer start(Transport transport, Path path, Predicate<UnixPeerCredentials> allowed)
            throws Failure, IOException, InterruptedException {
        DemoServer server = new DemoServer(allowed);
        ChannelFuture bound = new ServerBootstrap()
                .group(new MultiThreadIoEventLoopGroup(1, transport.ioHandler()))
                .channel(transport.serverChannel())
                .handler(server.gate)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        connection
                                .pipeline()
                                .addLast(PeerCredentialsHandler.builder()
                                        .groups()
                                        .build())
                                .addLast(server.new Greeter());
                    }
                })
                .bind(new DomainSocketAddress(path.toString()))
                .await();
        if (!bound.isSuccess()) {
            throw new Failure(path + ": cannot be bound: " + bound.cause().getMessage(), bound.cause());
        }
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        return server;
    }

    /** Waits for the next peer that is let in, for a while. */
    Optional<PeerCredentialsResult> next() throws InterruptedException {
        return Optional.ofNullable(captured.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    boolean hasMore() {
        return !captured.isEmpty();
    }

    long refusedCount() {
        return gate.refusedCount();
    }

    private final class Greeter extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof PeerCredentialsEvent announced) {
                captured.add(announced.result());
                ctx.writeAndFlush(Unpooled.copiedBuffer("welcome\n", US_ASCII));
            }
        }

        /** A child that ends without having read its welcome resets the connection. */
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
