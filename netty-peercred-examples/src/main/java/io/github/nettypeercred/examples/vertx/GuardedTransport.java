// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.vertx;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.spi.transport.Transport;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** A transport of Vert.x whose servers on Unix domain sockets let in whom a policy lets in. All else is as it was. */
public final class GuardedTransport implements io.vertx.core.transport.Transport, Transport {
    private final io.vertx.core.transport.Transport outer;
    private final Transport inner;
    private final PeerAuthorization authorization;

    /**
     * Makes one of another.
     *
     * @param transport one that has Unix domain sockets: {@code Transport.EPOLL}
     * @param authorization what decides
     * @throws IllegalStateException if that transport is not available: Vert.x would take NIO in its place, without a guard
     */
    public GuardedTransport(io.vertx.core.transport.Transport transport, PeerAuthorization authorization) {
        outer = transport;
        inner = transport.implementation();
        if (!inner.isAvailable()) {
            throw new IllegalStateException(transport.name() + " is not available", transport.unavailabilityCause());
        }
        this.authorization = authorization;
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        ChannelFactory<? extends ServerChannel> factory = inner.serverChannelFactory(domainSocket);
        return domainSocket ? () -> guarded(factory.newChannel()) : factory;
    }

    private ServerChannel guarded(ServerChannel server) {
        server.pipeline().addLast(new GuardHandler(authorization)); // Netty's acceptor comes behind it
        return server;
    }

    @Override
    public Transport implementation() {
        return this;
    }

    @Override
    public String name() {
        return outer.name();
    }

    @Override
    public boolean available() {
        return outer.available();
    }

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return outer.unavailabilityCause();
    }

    @Override
    public boolean supportsDomainSockets() {
        return inner.supportsDomainSockets();
    }

    @Override
    public boolean supportFileRegion() {
        return inner.supportFileRegion();
    }

    @Override
    public boolean isAvailable() {
        return inner.isAvailable();
    }

    @Override
    public SocketAddress convert(io.vertx.core.net.SocketAddress address) {
        return inner.convert(address);
    }

    @Override
    public io.vertx.core.net.SocketAddress convert(SocketAddress address) {
        return inner.convert(address);
    }

    @Override
    public IoHandlerFactory ioHandlerFactory() {
        return inner.ioHandlerFactory();
    }

    @Override
    @SuppressWarnings("deprecation") // the parameter's type, which is the interface's
    public DatagramChannel datagramChannel(InternetProtocolFamily family) {
        return inner.datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
        return inner.datagramChannelFactory();
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return inner.channelFactory(domainSocket);
    }

    @Override
    public void configure(DatagramChannel channel, DatagramSocketOptions options) {
        inner.configure(channel, options);
    }

    @Override
    public void configure(TcpConfig config, boolean domainSocket, Bootstrap bootstrap) {
        inner.configure(config, domainSocket, bootstrap);
    }

    @Override
    public void configure(TcpConfig config, boolean domainSocket, ServerBootstrap bootstrap) {
        inner.configure(config, domainSocket, bootstrap);
    }
}
