// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.github.nettypeercred.process.ProcessFacts;
import io.netty.bootstrap.AbstractBootstrap;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
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
 * @param capture what it captures
 * @param policy decides on whom it reports, null for none; nothing is enforced
 * @param report where to report
 */
record Listen(
        SocketPath path,
        @Nullable SocketMode mode,
        Transport transport,
        Capture capture,
        @Nullable PeerPolicy policy,
        Report report) {
    /** Runs until so many peers are reported, or until the process is ended. */
    void run(OptionalLong count) throws IOException, Failure, InterruptedException {
        transport.require();
        BoundSocket socket = BoundSocket.makeRoom(path);
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, transport.ioHandler());
        HappeningQueue happenings = new HappeningQueue(group.next());
        bind(group, happenings);
        socket.bound(mode);
        report.listening(path);
        Names names = Names.ofThisSystem();
        for (long reported = 0; count.isEmpty() || reported < count.getAsLong(); ) {
            if (report(happenings.next(), names)) {
                reported++;
            }
        }
    }

    private void bind(EventLoopGroup group, HappeningQueue happenings) throws Failure, InterruptedException {
        AbstractBootstrap<?, ?> bootstrap =
                capture.mode() == Mode.DATAGRAM ? datagrams(group, happenings) : connections(group, happenings);
        ChannelFuture bound =
                bootstrap.bind(new DomainSocketAddress(path.text())).await();
        if (!bound.isSuccess()) {
            throw path.failure("cannot be bound: " + bound.cause().getMessage());
        }
    }

    private AbstractBootstrap<?, ?> connections(EventLoopGroup group, HappeningQueue happenings) {
        Executor readers = Executors.newSingleThreadExecutor();
        return new ServerBootstrap()
                .group(group)
                .channel(transport.serverChannel())
                .handler(capture.acceptHandler())
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    private long connections; // touched on the one event loop alone

                    @Override
                    protected void initChannel(Channel connection) {
                        capture.handlers().forEach(connection.pipeline()::addLast);
                        connection
                                .pipeline()
                                .addLast(new ConnectionHandler(++connections, capture.mode(), happenings, readers));
                    }
                });
    }

    private AbstractBootstrap<?, ?> datagrams(EventLoopGroup group, HappeningQueue happenings) {
        return new Bootstrap()
                .group(group)
                .channel(EpollAttestedDatagramChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel socket) {
                        capture.handlers().forEach(socket.pipeline()::addLast);
                        socket.pipeline().addLast(new DatagramHandler(happenings));
                    }
                });
    }

    /** Reports something that happened, and returns whether it is one of what {@code --count} counts. */
    private boolean report(Happening happening, Names names) throws IOException {
        if (happening instanceof Happening.Captured captured) {
            PeerEvidence evidence = captured.evidence();
            Optional<ProcessFacts> facts = captured.facts().join();
            Verdict verdict = Verdict.of(policy, evidence, facts);
            if (shown(evidence) instanceof UnixPeerCredentials credentials) {
                report.peer(captured.connection(), Peer.named(credentials, facts, names), verdict);
            } else {
                absent(happening, evidence, verdict);
            }
        } else if (happening instanceof Happening.Data data) {
            PeerEvidence evidence = data.evidence();
            Verdict verdict = Verdict.of(policy, evidence, Optional.empty());
            if (shown(evidence) instanceof UnixPeerCredentials credentials) {
                report.data(data.connection(), data.bytes(), Peer.named(credentials, Optional.empty(), names), verdict);
            } else {
                absent(happening, evidence, verdict);
            }
        } else {
            report.closed(happening.connection());
            return false;
        }
        return true;
    }

    /** Who is shown: who sent, if that was captured, else who connected. */
    private static PeerCredentialsResult shown(PeerEvidence evidence) {
        return evidence.message() == null ? Objects.requireNonNull(evidence.connection()) : evidence.message();
    }

    private void absent(Happening happening, PeerEvidence evidence, Verdict verdict) throws IOException {
        report.absent(
                OptionalLong.of(happening.connection()),
                shown(evidence).absence().orElseThrow(),
                verdict);
    }
}
