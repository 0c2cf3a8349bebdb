// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.authz.limits.AccountMap;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A syslog server on a datagram and on a stream socket. */
public final class LogServer {
    /** The longest line; what is more of a datagram is lost, and of a stream becomes the next line. */
    static final int MAX_LINE = 8192;

    private LogServer() {}

    /**
     * Serves until it is ended.
     *
     * @param arguments the path of the datagram socket and that of the stream socket, which must not exist, a folder for the logs, and how
     *     many bytes of log each user may have
     * @throws IOException if a socket cannot be opened to all users, or /etc/subuid not be read
     */
    public static void main(String[] arguments) throws IOException {
        AccountMap accounts = AccountMap.ofSystem();
        LogStore store = new LogStore(Path.of(arguments[2]), Long.parseLong(arguments[3]), accounts);
        PeerLimits limits = limits().accountMap(accounts).build();
        // A loop of their own for datagrams: all their senders wait for one queue.
        Channel datagrams = datagrams(newGroup(), Path.of(arguments[0]), store, limits);
        Channel streams = streams(newGroup(), Path.of(arguments[1]), store, limits);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            datagrams.close().awaitUninterruptibly();
            new File(arguments[0]).delete(); // Netty deletes the path of streams alone
            streams.close().awaitUninterruptibly();
            store.close();
        }));
        System.out.println("ready");
        datagrams.closeFuture().awaitUninterruptibly();
    }

    static EventLoopGroup newGroup() {
        return new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    }

    /** What one user may send, by both sockets together. */
    static PeerLimits.Builder limits() {
        return PeerLimits.builder()
                .totalConnections(1000)
                .connections(100)
                .messagesPerSecond(1000, 2000, OverLimit.SLOW)
                .bytesPerSecond(1 << 18, 1 << 20, OverLimit.SLOW);
    }

    static Channel datagrams(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) throws IOException {
        Channel channel = new Bootstrap()
                .group(group)
                .channel(EpollAttestedDatagramChannel.class)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_LINE).maxMessagesPerRead(64))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new AttestedDatagramHandler(), new DatagramHandler(store, limits));
                    }
                })
                .bind(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        return openToAll(channel, path);
    }

    static Channel streams(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) throws IOException {
        EveryReadHandler.Builder everyRead =
                EveryReadHandler.builder().allowSenderChange().noDeadline();
        AttestedDecoder.Builder lines = AttestedDecoder.builder().decoder(SyslogDecoder::new);
        Channel channel = new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel server) {
                        server.pipeline()
                                .addLast(
                                        PeerCredentialsAcceptHandler.builder()
                                                .firstRead()
                                                .build(),
                                        limits.acceptHandler());
                    }
                })
                .childOption(ChannelOption.AUTO_READ, false) // StreamHandler asks for each read
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline()
                                .addLast(
                                        everyRead.build(),
                                        limits.byteHandler(),
                                        lines.build(),
                                        limits.messageHandler(),
                                        new StreamHandler(store));
                    }
                })
                .bind(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        return openToAll(channel, path);
    }

    private static Channel openToAll(Channel channel, Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        return channel;
    }
}
