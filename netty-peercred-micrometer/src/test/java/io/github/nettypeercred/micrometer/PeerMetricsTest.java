// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a registry reads of real connections. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PeerMetricsTest {
    private static final PeerPolicy EVERYBODY =
            PeerPolicy.builder().allow("everybody", rule -> rule.anyUser()).build();
    private static final PeerPolicy NOBODY =
            PeerPolicy.builder().deny("nobody", rule -> rule.anyUser()).build();

    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private Path socket = Path.of("/");

    @BeforeEach
    void name() throws IOException {
        socket = Files.createTempDirectory("peercred").resolve("metrics.sock");
    }

    @AfterEach
    void stop() throws IOException {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        Files.deleteIfExists(socket);
        Files.delete(socket.getParent());
    }

    private void serve(PeerCredentialsAcceptHandler atAccept, PeerLimits limits, PeerAuthorization authorization) {
        new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel server) {
                        server.pipeline().addLast(atAccept, limits.acceptHandler());
                    }
                })
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline()
                                .addLast(
                                        new PeerCredentialsHandler(),
                                        new PeerAuthorizationHandler(authorization),
                                        new ChannelInboundHandlerAdapter() {
                                            @Override
                                            public void channelActive(ChannelHandlerContext ctx) {
                                                ctx.writeAndFlush(
                                                        ctx.alloc().buffer(1).writeByte('x'));
                                            }
                                        });
                    }
                })
                .bind(new DomainSocketAddress(socket.toString()))
                .syncUninterruptibly();
    }

    /** Connects, and tells how many bytes the server sends before it closes, or 1 if it sends one. */
    private SocketChannel connect(int bytes) throws IOException {
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(bytes);
        return client;
    }

    private double read(String name, String... tags) {
        return registry.get("peercred." + name).tags(tags).meters().stream()
                .map(Meter::measure)
                .mapToDouble(all -> all.iterator().next().getValue())
                .sum();
    }

    @Test
    void connections_areCounted_byOutcomeAndReason() throws IOException {
        PeerAuthorization authorization =
                PeerAuthorization.builder(EVERYBODY).decideAgain().build();
        PeerLimits limits = PeerLimits.builder().connections(2).build();
        PeerCredentialsAcceptHandler atAccept = new PeerCredentialsAcceptHandler();
        Tags tags = Tags.of("server", "one");
        PeerMetrics.of(authorization, tags).bindTo(registry);
        PeerMetrics.of(limits, tags).bindTo(registry);
        PeerMetrics.of(atAccept, tags).bindTo(registry);
        serve(atAccept, limits, authorization);

        try (SocketChannel first = connect(1);
                SocketChannel second = connect(1);
                SocketChannel third = connect(-1)) {
            assertThat(read("decisions", "outcome", "allowed", "server", "one")).isEqualTo(2);
            assertThat(read("decisions", "outcome", "denied")).isZero();
            assertThat(read("limits.connections")).isEqualTo(2);
            assertThat(read("limits.accounts")).isOne();
            assertThat(read("limits.refused", "limit", "connections")).isOne();
            assertThat(read("limits.slowed")).isZero();
            assertThat(read("accept.refused")).isZero();
            assertThat(read("policy.generation")).isOne();

            authorization.replace(NOBODY);
            assertThat(first.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            assertThat(second.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            assertThat(read("revoked")).isEqualTo(2);
            assertThat(read("policy.generation")).isEqualTo(2);
            assertThat(third.isOpen()).isTrue();
        }
        connect(-1).close();
        assertThat(read("decisions", "outcome", "denied", "reason", "rule")).isOne();
        assertThat(read("decisions", "outcome", "denied")).isOne();
    }

    @Test
    void tags_nameNoPeer() {
        PeerAuthorization authorization = PeerAuthorization.of(EVERYBODY);
        PeerMetrics.of(authorization, Tags.empty()).bindTo(registry);
        PeerMetrics.of(PeerLimits.builder().build(), Tags.empty()).bindTo(registry);
        PeerMetrics.of(new PeerCredentialsAcceptHandler(), Tags.empty()).bindTo(registry);
        List<String> keys = registry.getMeters().stream()
                .flatMap(meter -> meter.getId().getTags().stream())
                .map(Tag::getKey)
                .distinct()
                .sorted()
                .toList();
        assertThat(keys).containsExactly("limit", "outcome", "reason");
        assertThat(registry.getMeters()).hasSizeLessThan(50);
    }
}
