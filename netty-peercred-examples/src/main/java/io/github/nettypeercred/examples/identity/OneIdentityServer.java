// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.identity;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.tls.MutualTls;
import io.github.nettypeercred.tls.TlsCertificateHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/** An HTTP server for local and remote clients, under one policy file. */
public final class OneIdentityServer {
    private static final int LONGEST_REQUEST = 65536;

    private OneIdentityServer() {}

    /**
     * Serves until it is ended: on {@code FOLDER/plain.sock}, on {@code FOLDER/tls.sock}, where a certificate is asked for and not demanded, and on TCP,
     * where it is.
     *
     * @param arguments the absolute path of a folder with {@code peers.toml}, {@code server.crt}, {@code server.key} and {@code authority.crt}, and a port
     * @throws IOException if a socket cannot be opened to all users, or a file cannot be read
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        PeerAuthorization authorization =
                PeerAuthorization.builder(folder.resolve("peers.toml")).build();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory());
        local(group, folder.resolve("plain.sock"), authorization, null);
        local(
                group,
                folder.resolve("tls.sock"),
                authorization,
                tls(folder).certificateOptional().build());
        Channel server = remote(
                group,
                new InetSocketAddress(Integer.parseInt(arguments[1])),
                authorization,
                tls(folder).build());
        System.out.println("serving " + server.localAddress());
        server.closeFuture().awaitUninterruptibly();
    }

    private static MutualTls tls(Path folder) {
        return MutualTls.forServer(
                        folder.resolve("server.crt").toFile(),
                        folder.resolve("server.key").toFile(),
                        null)
                .trust(folder.resolve("authority.crt").toFile());
    }

    /** Listens on a Unix domain socket, with TLS if there is a context. */
    static Channel local(EventLoopGroup group, Path path, PeerAuthorization authorization, @Nullable SslContext context)
            throws IOException {
        Files.deleteIfExists(path);
        Channel server = new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new PeerCredentialsHandler());
                        if (context != null) {
                            addTls(channel, context);
                        }
                        addApplication(channel, authorization);
                    }
                })
                .bind(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        return server;
    }

    /** Listens on TCP, with TLS. */
    static Channel remote(
            EventLoopGroup group, InetSocketAddress address, PeerAuthorization authorization, SslContext context) {
        return new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        addTls(channel, context);
                        addApplication(channel, authorization);
                    }
                })
                .bind(address)
                .syncUninterruptibly()
                .channel();
    }

    private static void addTls(Channel channel, SslContext context) {
        channel.pipeline().addLast(context.newHandler(channel.alloc()), new TlsCertificateHandler());
    }

    private static void addApplication(Channel channel, PeerAuthorization authorization) {
        channel.pipeline()
                .addLast(
                        new PeerAuthorizationHandler(authorization),
                        new HttpServerCodec(),
                        new HttpObjectAggregator(LONGEST_REQUEST),
                        new WhoAmI());
    }
}
