// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.http;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
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

/** Serves HTTP/1.1 and HTTP/2 on a Unix domain socket. */
public final class AdminServer {
    private AdminServer() {}

    /**
     * Serves until it is ended.
     *
     * @param arguments the path of the socket and, to replace the policy of the example, a policy file
     * @throws IOException if the socket cannot be opened to all users
     */
    public static void main(String[] arguments) throws IOException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory());
        Channel server = start(group, Path.of(arguments[0]), AdminPolicy.authorization(arguments));
        System.out.println("serving " + arguments[0]);
        server.closeFuture().awaitUninterruptibly();
    }

    static Channel start(EventLoopGroup group, Path path, PeerAuthorization authorization) throws IOException {
        Files.deleteIfExists(path);
        Channel server = new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        PeerCredentialsHandler.builder()
                                                .groups()
                                                .build(),
                                        new PeerAuthorizationHandler(authorization),
                                        new Http1OrHttp2Handler(authorization));
                    }
                })
                .bind(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        return server;
    }
}
