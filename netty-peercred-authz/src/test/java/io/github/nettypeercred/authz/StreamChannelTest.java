// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the streams of an HTTP/2 connection know of its peer, and may do. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StreamChannelTest {
    private static final PeerPolicy POLICY = PeerPolicy.builder()
            .allow("users", rule -> rule.user(1000).grants("read"))
            .allow("workloads", rule -> rule.spiffeId("spiffe://a/x").grants("read"))
            .build(null);

    private final List<Channel> streams = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final PeerAuthorization authorization = PeerAuthorization.builder(POLICY)
            .decideAgain()
            .listener(new PeerAuthorizationListener() {
                @Override
                public void refused(Channel channel, PeerAccess access, String grant, String action) {
                    refused.add(channel.id().asShortText() + " " + access.rule().orElse("-") + " " + grant);
                }
            })
            .build();
    private final EmbeddedChannel client = new EmbeddedChannel(
            Http2FrameCodecBuilder.forClient().build(), new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));

    private @Nullable EmbeddedChannel connection;

    /** What has the peer of a connection captured, and a connection with HTTP/2 behind that. */
    private EmbeddedChannel connect(@Nullable SocketAddress remote, ChannelHandler capture) {
        // The codec writes its settings as soon as it is added to an active channel.
        return connect(
                remote,
                capture,
                PeerAuthorizationHandler.builder(authorization)
                        .queueWrites(1024)
                        .build());
    }

    private EmbeddedChannel connect(@Nullable SocketAddress remote, ChannelHandler capture, ChannelHandler policy) {
        EmbeddedChannel server = new EmbeddedChannel(false, false) {
            @Override
            protected @Nullable SocketAddress remoteAddress0() {
                return isActive() ? remote : null;
            }
        };
        connection = server;
        server.pipeline()
                .addLast(
                        capture,
                        policy,
                        Http2FrameCodecBuilder.forServer().build(),
                        new Http2MultiplexHandler(new ChannelInitializer<>() {
                            @Override
                            protected void initChannel(Channel stream) {
                                streams.add(stream);
                            }
                        }));
        return server;
    }

    /** Opens a stream of the connection. */
    private Channel open(EmbeddedChannel server) {
        Http2StreamChannel request = new Http2StreamChannelBootstrap(client)
                .handler(new ChannelInboundHandlerAdapter())
                .open()
                .getNow();
        request.writeAndFlush(new DefaultHttp2HeadersFrame(
                new DefaultHttp2Headers().method("GET").path("/").scheme("http"), false));
        for (ByteBuf bytes; (bytes = client.readOutbound()) != null; ) {
            server.writeInbound(bytes);
        }
        return streams.get(streams.size() - 1);
    }

    @AfterEach
    void finish() {
        client.finishAndReleaseAll();
        if (connection != null) {
            connection.finishAndReleaseAll();
        }
    }

    private EmbeddedChannel local(long uid) throws Exception {
        EmbeddedChannel server = connect(null, new PeerCredentialsHandler());
        PretendedPeer.of(uid, 100).pid(7).on(server);
        server.register();
        return server;
    }

    @Test
    void stream_hasTheGrantsOfItsConnection_andARefusalSaysWho() throws Exception {
        EmbeddedChannel server = local(1000);
        Channel first = open(server);
        Channel second = open(server);
        assertThat(first.parent()).isSameAs(server);
        assertThat(UnixPeerCredentials.of(second).orElseThrow().uid()).isEqualTo(1000);
        assertThat(PeerAccess.of(second)).isSameAs(PeerAccess.of(server));
        assertThat(authorization.permits(first, "read", "GET /")).isTrue();
        assertThat(authorization.permits(second, "admin", "GET /admin")).isFalse();
        assertThat(authorization.counters().refused()).isOne();
        String id = server.id().asShortText();
        assertThat(refused).containsExactly(id + "/2 users admin");
        assertThat(line(second))
                .isEqualTo(
                        "denied what=grant uid=1000 gid=100 pid=7 moment=SETUP grant=\"admin\" rule=\"users\" generation=1"
                                + " channel=" + id + "/2 action=\"GET /admin\"");
    }

    private static String line(Channel stream) {
        PeerEvidence evidence = Objects.requireNonNull(Evidence.of(stream));
        return DecisionLine.refusal(stream, evidence, PeerAccess.of(stream), "admin", "GET /admin");
    }

    @Test
    void streamOfARemotePeer_isRefusedInTheNameOfItsCertificate() throws Exception {
        CertificateCaptureHandler capture = new CertificateCaptureHandler() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                captured(
                        ctx,
                        MadeCertificate.session(
                                MadeCertificate.spiffe("spiffe://a/x").x509()));
                ctx.fireChannelActive();
            }
        };
        EmbeddedChannel server = connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), 4711), capture);
        server.register();
        Channel stream = open(server);
        assertThat(authorization.permits(stream, "read", "GET /")).isTrue();
        assertThat(authorization.permits(stream, "admin", "GET /admin")).isFalse();
        assertThat(line(stream)).contains("spiffe://a/x").contains(" remote=\"127.0.0.1:4711\" ");
    }

    @Test
    void stream_losesItsGrants_whenItsConnectionDoes() throws Exception {
        EmbeddedChannel server = local(1000);
        Channel stream = open(server);
        authorization.replace(PeerPolicy.builder()
                .allow("others", rule -> rule.user(1001).grants("read"))
                .build(null));
        server.runPendingTasks();
        assertThat(authorization.permits(stream, "read", "GET /")).isFalse();
        assertThat(server.isOpen()).isFalse();
        assertThat(stream.isOpen()).isFalse();
    }

    @Test
    void whatIsStoredOnAStream_isNotItsConnections() throws Exception {
        EmbeddedChannel root = local(1000);
        Channel stream = open(root);
        PeerAccess.store(stream, new PeerAccess(new PeerDecision.Allow("x", Set.of("admin")), 1, true)); // by us alone
        assertThat(PeerAccess.of(root).has("admin")).isFalse();
        assertThat(PeerAccess.of(open(root)).has("admin")).isFalse();
    }

    /** Since a write fails that comes before the decision, and the codec closes the connection then. */
    @Test
    void codecBehindAHandlerThatDoesNotQueueWrites_isClosed() throws Exception {
        EmbeddedChannel server =
                connect(null, new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization));
        PretendedPeer.of(1000, 100).pid(7).on(server);
        server.register();
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void streamOfAConnectionThatNobodyDecidedAbout_mayNothing() throws Exception {
        EmbeddedChannel server = connect(null, new ChannelInboundHandlerAdapter(), new ChannelInboundHandlerAdapter());
        server.register();
        Channel stream = open(server);
        assertThat(authorization.permits(stream, "read", "GET /")).isFalse();
        assertThat(PeerAccess.of(stream)).isSameAs(PeerAccess.NONE);
    }
}
