// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Connects to sockets, with patience for a full backlog. It has an event loop of its own, and closes what it has connected. */
final class Connector implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long PAUSE_MILLIS = 20;
    private static final Pattern ERRNO = Pattern.compile("failed with error\\((-[0-9]{1,9})\\)");

    private final EventLoopGroup group;

    Connector() throws Failure {
        Throwable cause = EpollPeerCredentials.unavailabilityCause();
        if (cause != null) {
            throw new Failure(String.valueOf(cause.getMessage()), cause);
        }
        group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    }

    /**
     * Connects a channel.
     *
     * @param handlers makes the channel's handlers; called for every attempt
     * @throws NobodyListens if the socket is stale
     * @throws Failure if it cannot be connected to for another reason, such as a backlog that stays full
     */
    Channel connect(SocketPath path, Class<? extends Channel> type, Supplier<List<ChannelHandler>> handlers)
            throws Failure, InterruptedException {
        long start = System.nanoTime();
        while (true) {
            ChannelFuture connected = attempt(path, type, handlers).await();
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

    private ChannelFuture attempt(
            SocketPath path, Class<? extends Channel> type, Supplier<List<ChannelHandler>> handlers) {
        return new Bootstrap()
                .group(group)
                .channel(type)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        handlers.get().forEach(channel.pipeline()::addLast);
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

    /** Closes what was connected. */
    @Override
    public void close() {
        group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }
}
