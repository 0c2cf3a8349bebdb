// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Has a gRPC client talk to nobody but the server that it wants, by what the kernel says of who listens: until a connection's server is
 * accepted no byte goes out on it, neither of a call nor of TLS. Each connection is decided about anew, after a reconnect too. If the server is
 * another one the connection is closed, calls end with UNAVAILABLE, and grpc tries again after its usual pause.
 *
 * <pre>{@code
 * PeerPolicy server = PeerPolicy.builder().allow("the service's user", rule -> rule.user(991)).build();
 * ManagedChannel channel = GrpcRequiredServer.forPath(Path.of("/run/jobs/grpc.sock"), server).build();
 * }</pre>
 *
 * <p>Who serves is whoever called listen(2) last on the socket: with socket activation that is the activator.
 */
public final class GrpcRequiredServer {
    private GrpcRequiredServer() {}

    /**
     * Begins a client of a server on a Unix domain socket, without TLS, on epoll. Event loops and channels are set already, to event loops that
     * all servers and clients of this kind share; they end with the JVM. The authority is "localhost", unless it is set again.
     *
     * @param path where the socket is
     * @param server who may serve
     * @return grpc's builder
     * @throws IllegalStateException if there is no grpc-netty, but grpc-netty-shaded
     * @throws UnsatisfiedLinkError if epoll or our own native library cannot be loaded, with a message that says what to do
     */
    public static NettyChannelBuilder forPath(Path path, PeerPolicy server) {
        return forPath(path, server, InsecureChannelCredentials.create());
    }

    /**
     * Begins a client of a server on a Unix domain socket, on epoll, as {@link #forPath(Path, PeerPolicy)} does.
     *
     * @param path where the socket is
     * @param server who may serve
     * @param credentials grpc's credentials of the client
     * @return grpc's builder
     * @throws IllegalStateException if there is no grpc-netty, but grpc-netty-shaded
     * @throws UnsatisfiedLinkError if epoll or our own native library cannot be loaded, with a message that says what to do
     */
    public static NettyChannelBuilder forPath(Path path, PeerPolicy server, ChannelCredentials credentials) {
        GrpcNetty.ensureAvailability(GrpcRequiredServer.class.getClassLoader());
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(
                        new DomainSocketAddress(path.toString()), credentials)
                .overrideAuthority("localhost")
                .eventLoopGroup(SharedLoops.epoll());
        return demand(builder, EpollDomainSocketChannel::new, server);
    }

    /**
     * Installs it into a builder: the channel factory. The builder has to have a Unix domain socket for an address, and an event loop group of the
     * same transport as the channels. Channels of io_uring and kqueue take our module for that transport.
     *
     * @param builder a {@link NettyChannelBuilder} of grpc-netty
     * @param channels makes channels, {@code EpollDomainSocketChannel::new}
     * @param server who may serve
     * @param <T> the type of the builder
     * @return the same builder
     * @throws IllegalArgumentException if it is another kind of builder, one of grpc-netty-shaded for instance
     */
    public static <T extends ManagedChannelBuilder<?>> T install(
            T builder, ChannelFactory<? extends Channel> channels, PeerPolicy server) {
        GrpcNetty.ensureBuilder(builder, "NettyChannelBuilder");
        demand((NettyChannelBuilder) (ManagedChannelBuilder<?>) builder, channels, server);
        return builder;
    }

    private static NettyChannelBuilder demand(
            NettyChannelBuilder builder, ChannelFactory<? extends Channel> channels, PeerPolicy server) {
        Objects.requireNonNull(channels, "channels");
        Capturing capturing = Capturing.IDS.and(server);
        return builder.channelFactory(
                        () -> {
                            Channel channel = channels.newChannel();
                            channel.pipeline()
                                    .addLast(
                                            capturing.handler(),
                                            PeerAuthorizationHandler.requireServer(server),
                                            new RequiredServerHandler());
                            return channel;
                        },
                        DomainSocketAddress.class)
                .withOption(ChannelOption.SO_KEEPALIVE, null); // grpc sets it, and Netty would warn of each connection
    }
}
