// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.limits.AccountMap;
import io.github.nettypeercred.authz.limits.Limit;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What users who take all they can get leave to the others; they are processes under other uids. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractLimitsTest {
    private static final String CROWD = System.getProperty("crowd.program");
    private static final AccountMap SUBUIDS =
            AccountMap.builder().range(300_000, 65_536, 2002).build();

    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    static Peer crowd(Object... words) {
        List<String> command = new ArrayList<>(List.of(CROWD));
        for (Object word : words) {
            command.add(word.toString());
        }
        return Peer.startProgram(command);
    }

    private static void awaitThat(BooleanSupplier condition) {
        await().atMost(60, TimeUnit.SECONDS).until(condition::getAsBoolean);
    }

    /** A server that sends back what it reads, within limits. */
    private final class EchoServer implements AutoCloseable {
        final String path;
        final ChannelGroup children = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        private final EventLoopGroup group = transport().newGroup(2);
        private final Channel channel;

        EchoServer(PeerLimits limits) {
            Path socket = TestServer.newPath();
            path = socket.toString();
            channel = new ServerBootstrap()
                    .group(group)
                    .channel(transport().serverChannel())
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel server) {
                            server.pipeline().addLast(new PeerCredentialsAcceptHandler(), limits.acceptHandler());
                        }
                    })
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel child) {
                            children.add(child);
                            child.pipeline().addLast(new PeerCredentialsHandler(), limits.handler(), new Echo());
                        }
                    })
                    .bind(new DomainSocketAddress(path))
                    .syncUninterruptibly()
                    .channel();
            TestServer.openToAll(socket);
        }

        @Override
        public void close() {
            channel.close().syncUninterruptibly();
            children.close().syncUninterruptibly();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.writeAndFlush(msg);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    @Test
    void connections_ofAUserAndItsSubuids_areHeldTogether_othersAreNot() throws Exception {
        PeerLimits limits = PeerLimits.builder()
                .accountMap(SUBUIDS)
                .totalConnections(2000)
                .connections(30)
                .build();
        try (EchoServer server = new EchoServer(limits)) {
            long before = Descriptors.settled();
            try (Peer subuids = crowd("fold", server.path, 300_000, 1000)) {
                awaitThat(() -> limits.refusedCount(Limit.CONNECTIONS) >= 970);
                assertThat(limits.connectionCount()).isEqualTo(30);
                assertThat(limits.accountCount()).isOne();
                try (Peer owner = crowd("hold", server.path, 2002, 5);
                        Peer other = crowd("hold", server.path, 1000, 40)) {
                    assertThat(owner.line()).isEqualTo("0");
                    assertThat(other.line()).isEqualTo("30");
                    assertThat(limits.connectionCount()).isEqualTo(60);
                    assertThat(limits.accountCount()).isEqualTo(2);
                }
                assertThat(subuids.pid()).isPositive();
            }
            awaitThat(() -> limits.connectionCount() == 0 && limits.accountCount() == 0);
            awaitThat(() -> Descriptors.open() <= before);
        }
    }

    @Test
    void fairShare_leavesRoomForTheNext() {
        PeerLimits limits = PeerLimits.builder().totalConnections(240).build();
        try (EchoServer server = new EchoServer(limits);
                Peer first = crowd("hold", server.path, 1000, 300)) {
            assertThat(first.line()).isEqualTo("120");
            try (Peer second = crowd("hold", server.path, 1001, 300)) {
                assertThat(second.line()).isEqualTo("40");
                try (Peer third = crowd("hold", server.path, 1002, 300)) {
                    assertThat(third.line()).isEqualTo("20");
                    assertThat(limits.connectionCount()).isEqualTo(180);
                    assertThat(limits.refusedCount(Limit.FAIR_SHARE)).isEqualTo(180 + 260 + 280);
                }
            }
        }
        awaitThat(() -> limits.connectionCount() == 0);
    }

    @Test
    void slowedUser_getsAllItsBytesBack_inTheEnd() {
        PeerLimits limits = PeerLimits.builder()
                .totalConnections(1000)
                .bytesPerSecond(1 << 20, 1 << 16, OverLimit.SLOW)
                .build();
        try (EchoServer server = new EchoServer(limits);
                Peer slowed = crowd("echo", server.path, 1000, 4, 16, 16_384)) {
            assertThat(slowed.line()).isEqualTo("64 0");
            assertThat(limits.slowedCount(Limit.BYTE_RATE)).isPositive();
            assertThat(slowed.exit()).isZero();
        }
        awaitThat(() -> limits.connectionCount() == 0 && limits.accountCount() == 0);
    }

    @Test
    void thousandClientsOfFiftyUsers_areServed_whateverThreeOthersDo() throws Exception {
        PeerLimits limits = PeerLimits.builder()
                .accountMap(SUBUIDS)
                .totalConnections(4096)
                .connections(100)
                .connectionsPerSecond(100, 200, OverLimit.REFUSE)
                .bytesPerSecond(4 << 20, 1 << 20, OverLimit.SLOW)
                .holdReadsWhileUnwritable()
                .build();
        try (EchoServer server = new EchoServer(limits)) {
            long before = Descriptors.settled();
            List<Peer> honest = new ArrayList<>();
            try (Peer flooder = crowd("flood", server.path, 2000);
                    Peer deaf = crowd("deaf", server.path, 2001, 500);
                    Peer subuids = crowd("fold", server.path, 300_000, 1000)) {
                awaitThat(() -> limits.refusedCount(Limit.CONNECTION_RATE) > 1000
                        && limits.refusedCount(Limit.CONNECTIONS) > 100);
                for (int uid = 3000; uid < 3050; uid++) {
                    honest.add(crowd("echo", server.path, uid, 20, 10, 4096));
                }
                for (Peer each : honest) {
                    assertThat(each.line()).isEqualTo("200 0");
                }
                // At most a hundred of each hostile user are left now, the thousand subuids counted as their owner.
                awaitThat(() -> limits.connectionCount() <= 300);
                assertThat(limits.slowedCount(Limit.BYTE_RATE)).isPositive();
                assertThat(flooder.pid() + deaf.pid() + subuids.pid()).isPositive();
            } finally {
                honest.forEach(Peer::close);
            }
            awaitThat(() -> limits.connectionCount() == 0 && limits.accountCount() == 0);
            awaitThat(() -> server.children.isEmpty());
            awaitThat(() -> Descriptors.open() <= before);
        }
    }
}
