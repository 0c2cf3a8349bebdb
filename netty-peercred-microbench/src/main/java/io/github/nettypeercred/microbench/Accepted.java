// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A connection that a server of Netty's has accepted from this process, and that stays idle. */
@State(Scope.Thread)
public class Accepted {
    /** What a process may well have; it takes privilege to be given them. */
    private static final int GROUPS = 16;

    final EpollDomainSocketChannel channel;
    final int fd;

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final SocketChannel client;
    private final Path path = Sockets.newPath();

    /** Connects. */
    public Accepted() {
        try {
            EpollPeerCredentials.ensureAvailability();
            int unprivileged = Floor.setGroups(GROUPS);
            if (unprivileged != 0) {
                System.err.println(
                        "not privileged to take " + GROUPS + " groups: measuring with those of this process");
            }
            CompletableFuture<Channel> accepted = new CompletableFuture<>();
            new ServerBootstrap()
                    .group(group)
                    .channel(EpollServerDomainSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel child) {
                            accepted.complete(child);
                        }
                    })
                    .bind(new DomainSocketAddress(path.toString()))
                    .syncUninterruptibly();
            client = SocketChannel.open(UnixDomainSocketAddress.of(path));
            channel = (EpollDomainSocketChannel) accepted.join();
            fd = channel.fd().intValue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Disconnects. */
    @TearDown
    public void close() throws IOException {
        client.close();
        group.shutdownGracefully().syncUninterruptibly();
        Files.deleteIfExists(path);
    }
}
