// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Serves a socket and reports its peers in the order in which they came.
 *
 * @param path where to bind
 * @param mode the socket's permission bits, null for what the umask gives
 * @param transport what the server runs on
 * @param groups whether supplementary groups are asked for
 * @param label whether the security label is asked for
 * @param report where to report
 */
record Listen(
        SocketPath path, @Nullable SocketMode mode, Transport transport, boolean groups, boolean label, Report report) {
    /** Runs until so many peers are reported, or until the process is ended. */
    void run(OptionalLong count) throws IOException, Failure, InterruptedException {
        transport.require();
        BoundSocket socket = BoundSocket.makeRoom(path);
        ArrivalQueue arrivals = new ArrivalQueue();
        bind(arrivals);
        socket.bound(mode);
        report.listening(path);
        Names names = Names.ofThisSystem();
        for (long reported = 0; count.isEmpty() || reported < count.getAsLong(); reported++) {
            report(arrivals.next(), names);
        }
    }

    private void bind(ArrivalQueue arrivals) throws Failure, InterruptedException {
        PeerCredentialsHandler.Builder capture = capture();
        Executor readers = Executors.newSingleThreadExecutor();
        ChannelFuture bound = new ServerBootstrap()
                .group(new MultiThreadIoEventLoopGroup(1, transport.ioHandler()))
                .channel(transport.serverChannel())
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        connection.pipeline().addLast(capture.build()).addLast(new ArrivalHandler(arrivals, readers));
                    }
                })
                .bind(new DomainSocketAddress(path.text()))
                .await();
        if (!bound.isSuccess()) {
            throw path.failure("cannot be bound: " + bound.cause().getMessage());
        }
    }

    private PeerCredentialsHandler.Builder capture() {
        PeerCredentialsHandler.Builder capture =
                PeerCredentialsHandler.builder().process();
        if (groups) {
            capture.groups();
        }
        if (label) {
            capture.label();
        }
        return capture;
    }

    private void report(Arrival arrival, Names names) throws IOException {
        if (arrival.result() instanceof UnixPeerCredentials credentials) {
            report.peer(Peer.named(credentials, arrival.facts().join(), names));
        } else {
            report.absent(arrival.result().absence().orElseThrow());
        }
    }
}
