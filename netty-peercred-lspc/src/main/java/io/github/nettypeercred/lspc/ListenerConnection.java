// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import io.netty.util.ReferenceCountUtil;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A connection to whoever serves a socket, made to learn who that is. Nothing is sent over it. */
final class ListenerConnection implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long PAUSE_MILLIS = 20;
    private static final Pattern ERRNO = Pattern.compile("failed with error\\((-[0-9]{1,9})\\)");

    private final EventLoopGroup group;
    private final Channel channel;
    private final PeerCredentialsResult listener;

    private ListenerConnection(EventLoopGroup group, Channel channel, PeerCredentialsResult listener) {
        this.group = group;
        this.channel = channel;
        this.listener = listener;
    }

    /**
     * Connects.
     *
     * @throws NobodyListens if the socket is stale
     * @throws Failure if it cannot be connected to for another reason, such as a backlog that stays full
     */
    static ListenerConnection open(SocketPath path) throws Failure, InterruptedException {
        Throwable cause = EpollPeerCredentials.unavailabilityCause();
        if (cause != null) {
            throw new Failure(String.valueOf(cause.getMessage()), cause);
        }
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            CompletableFuture<PeerCredentialsResult> listener = new CompletableFuture<>();
            Channel channel = connectPatiently(group, path, listener);
            return new ListenerConnection(group, channel, listener.join());
        } catch (Failure | InterruptedException e) {
            stop(group);
            throw e;
        }
    }

    private static Channel connectPatiently(
            EventLoopGroup group, SocketPath path, CompletableFuture<PeerCredentialsResult> listener)
            throws Failure, InterruptedException {
        long start = System.nanoTime();
        while (true) {
            ChannelFuture connected = connect(group, path, listener).await();
            if (connected.isSuccess()) {
                return connected.channel();
            }
            requireFullBacklog(path, connected.cause());
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                throw path.failure("somebody listens, but accepts nobody: the backlog stayed full for "
                        + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NANOS) + " s");
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private static ChannelFuture connect(
            EventLoopGroup group, SocketPath path, CompletableFuture<PeerCredentialsResult> listener) {
        return new Bootstrap()
                .group(group)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(PeerCredentialsHandler.builder()
                                        .groups()
                                        .label()
                                        .process()
                                        .build())
                                .addLast(new Announcement(listener));
                    }
                })
                .connect(new DomainSocketAddress(path.text()));
    }

    /** Returns if trying again may help, else throws the reason why not. */
    private static void requireFullBacklog(SocketPath path, Throwable cause) throws Failure {
        Throwable plain = cause instanceof ConnectException && cause.getCause() != null ? cause.getCause() : cause;
        int errno = errno(plain);
        if (errno == Errors.ERRNO_EAGAIN_NEGATIVE) {
            return;
        }
        if (errno == Errors.ERROR_ECONNREFUSED_NEGATIVE) {
            throw new NobodyListens(path, plain);
        }
        if (plain instanceof FileNotFoundException) {
            throw path.failure("there is no such file");
        }
        throw path.failure(
                Files.isWritable(path.path())
                        ? "cannot connect: " + plain.getMessage()
                        : "permission denied: the socket's mode does not let you connect");
    }

    /** Returns the negative errno, which Netty tells in its message only, or 0. */
    private static int errno(Throwable cause) {
        Matcher matcher = ERRNO.matcher(String.valueOf(cause.getMessage()));
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
    }

    /** Returns who listens, or why that is not known. */
    PeerCredentialsResult listener() {
        return listener;
    }

    /** Closes the connection, and with it the process handle. */
    @Override
    public void close() {
        channel.close().awaitUninterruptibly();
        stop(group);
    }

    private static void stop(EventLoopGroup group) {
        group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }

    /** Takes what the capture came to off the pipeline, and drops whatever the other side sends. */
    private static final class Announcement extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<PeerCredentialsResult> listener;

        Announcement(CompletableFuture<PeerCredentialsResult> listener) {
            this.listener = listener;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof PeerCredentialsEvent announced) {
                listener.complete(announced.result());
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            listener.complete(new Absence(AbsenceReason.CLOSED, "the connection was closed before the capture"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
