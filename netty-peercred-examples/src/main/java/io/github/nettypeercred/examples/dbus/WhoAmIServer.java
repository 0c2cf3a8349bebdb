// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.sasl.ExternalServerHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/**
 * A peer-to-peer D-Bus server that tells each caller who the kernel says it is. Not a message bus: it has no names and no signals, and passes
 * nothing between its clients.
 */
public final class WhoAmIServer {
    private WhoAmIServer() {}

    /**
     * Serves until it is ended.
     *
     * @param arguments the path of the socket, which must not exist
     * @throws IOException if the socket cannot be opened to all users
     */
    public static void main(String[] arguments) throws IOException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Channel server = start(group, Path.of(arguments[0]));
        System.out.println("unix:path=" + arguments[0]);
        server.closeFuture().awaitUninterruptibly();
    }

    static Channel start(EventLoopGroup group, Path path) throws IOException {
        String guid = UUID.randomUUID().toString().replace("-", "");
        PeerCredentialsHandler.Builder credentials =
                PeerCredentialsHandler.builder().connectAndFirstRead().refuseDiffering();
        ExternalServerHandler.Builder external = ExternalServerHandler.builder().guid(guid);
        Channel server = new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(PeerCredentialsAcceptHandler.builder().firstRead().build())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        credentials.build(),
                                        external.build(),
                                        new MethodCallDecoder(),
                                        new WhoAmIHandler(guid));
                    }
                })
                .bind(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        return server;
    }
}
