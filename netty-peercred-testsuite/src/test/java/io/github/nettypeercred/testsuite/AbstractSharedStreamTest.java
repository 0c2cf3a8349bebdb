// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static io.github.nettypeercred.testsuite.AbstractEveryReadTest.anySender;
import static io.github.nettypeercred.testsuite.AbstractEveryReadTest.assertNext;
import static io.github.nettypeercred.testsuite.AbstractEveryReadTest.assertRefused;
import static io.github.nettypeercred.testsuite.AbstractEveryReadTest.captured;
import static io.github.nettypeercred.testsuite.AbstractEveryReadTest.oneSender;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A stream that user 1000 and root share must not have root sign what user 1000 wrote: root's next line end would end its
 * line, root's body its request.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractSharedStreamTest {
    private static final String EVIL = "DELETE /all";
    private static final String HEAD = "POST /all HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n";

    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    private TestServer start(EveryReadHandler.Builder handler, ChannelHandler... behind) {
        return start(child -> child.pipeline().addLast(handler.build()).addLast(behind));
    }

    private TestServer start(Consumer<Channel> pipeline) {
        return TestServer.start(
                transport(), PeerCredentialsAcceptHandler.builder().firstRead().build(), pipeline);
    }

    private static AttestedDecoder lines() {
        return AttestedDecoder.builder()
                .decoder(() -> new LineBasedFrameDecoder(1024))
                .build();
    }

    private static AttestedDecoder http() {
        return AttestedDecoder.builder()
                .decoder(HttpRequestDecoder::new)
                .endsFrame(LastHttpContent.class::isInstance)
                .build();
    }

    private static AttestedDecoder requests() {
        return AttestedDecoder.builder()
                .decoder(HttpRequestDecoder::new)
                .decoder(() -> new HttpObjectAggregator(1024))
                .endsFrame(message -> true)
                .build();
    }

    /** User 1000 writes, root goes on; then, told so, user 1000 again, and root. Each waits for a line from the test. */
    private static Peer shared(TestServer server, String mine, String roots, String... more) {
        List<String> script =
                new ArrayList<>(List.of("connect", server.path(), "sendas", "1000", "1000", mine, "await"));
        script.addAll(List.of("write", roots));
        for (int i = 0; i < more.length; i++) {
            script.add("await");
            script.addAll(i % 2 == 0 ? List.of("sendas", "1000", "1000", more[i]) : List.of("write", more[i]));
        }
        script.add("drain");
        return Peer.start(script.toArray(new String[0]));
    }

    private static void assertNothingButClosed(TestServer server) {
        assertNext(server, "inactive");
        assertThat(server.sawNothingMore()).isTrue();
    }

    @Test
    void lineThatAnotherEnds_isNobodys_inTheAdapter() throws Exception {
        try (TestServer server = start(anySender(), lines());
                Peer peer = shared(server, EVIL, "\n")) {
            assertNext(server, "active");
            Thread.sleep(200);
            assertThat(server.sawNothingMore()).isTrue();
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "in the middle of a frame: uid=1000 gid=1000");
            assertNothingButClosed(server);
        }
    }

    @Test
    void lineThatAnotherEnds_isNobodys_inPlainMode() throws Exception {
        try (TestServer server = start(oneSender().plainBytes(), new LineBasedFrameDecoder(1024));
                Peer peer = shared(server, EVIL, "\n")) {
            assertNext(server, "active");
            assertThat(captured(server).uid()).isEqualTo(1000);
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "uid 1000 sent at first, 0 now");
            assertNothingButClosed(server);
        }
    }

    @Test
    void lineThatAnotherEnds_isNobodys_byDefault() {
        try (TestServer server = start(oneSender(), lines());
                Peer peer = shared(server, EVIL, "\n")) {
            assertNext(server, "active");
            captured(server);
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "uid 1000 sent at first, 0 now");
            assertNothingButClosed(server);
        }
        try (TestServer server = start(oneSender());
                Peer peer = shared(server, EVIL, "\n")) {
            assertNext(server, "active");
            captured(server);
            assertNext(server, "1000 sent " + EVIL);
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "uid 1000 sent at first, 0 now");
            assertNothingButClosed(server);
        }
    }

    @Test
    void linesOfTwo_areEachTheirOwn() {
        try (TestServer server = start(anySender(), lines());
                Peer peer = shared(server, "a\nb\n", "c\n", "d\n", "e\n")) {
            assertNext(server, "active");
            assertNext(server, "1000 said a");
            assertNext(server, "1000 said b");
            peer.go();
            assertNext(server, "0 said c");
            peer.go();
            assertNext(server, "1000 said d");
            peer.go();
            TestServer.Seen last = server.next();
            assertThat(last.what()).isEqualTo("0 said e");
            assertThat(last.channel().pipeline().names())
                    .as("one decoder at a time")
                    .filteredOn(name -> name.startsWith("LineBased"))
                    .hasSize(1);
        }
    }

    @Test
    void lineInPieces_ofOneSender_isHandedOut_withItsProcess() {
        try (TestServer server = start(anySender().senderProcess(), lines());
                Peer peer = Peer.start(Peer.as(
                        1000, 1000, "-", "connect", server.path(), "write", "ab", "await", "write", "c\n", "await"))) {
            assertNext(server, "active");
            peer.go();
            assertNext(server, "1000 said abc");
        }
    }

    @Test
    void requestWhoseBodyIsAnothers_isNobodys() {
        for (boolean aggregated : new boolean[] {false, true}) {
            try (TestServer server = start(anySender(), aggregated ? requests() : http(), new Requests());
                    Peer peer = shared(server, HEAD, "body")) {
                assertNext(server, "active");
                if (!aggregated) {
                    assertNext(server, "1000 said head /all"); // which has its own sender
                }
                peer.go();
                assertRefused(server, AbsenceReason.DIFFERING, "in the middle of a frame");
                assertNothingButClosed(server);
            }
        }
        try (TestServer server =
                        start(oneSender().plainBytes(), new HttpRequestDecoder(), new HttpObjectAggregator(1024));
                Peer peer = shared(server, HEAD, "body")) {
            assertNext(server, "active");
            captured(server);
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "uid 1000 sent at first, 0 now");
            assertNothingButClosed(server);
        }
    }

    /** The decoder of HTTP keeps nothing of a request line that it has read, and hands nothing out. */
    @Test
    void requestLineOfOne_withHeadersOfAnother_isNobodys() {
        for (String before : new String[] {"", HEAD + "body"}) {
            try (TestServer server = start(anySender(), http(), new Requests());
                    Peer peer = shared(server, before + "DELETE /all HTTP/1.1\r\n", "Host: x\r\n\r\n")) {
                assertNext(server, "active");
                if (!before.isEmpty()) {
                    assertNext(server, "1000 said head /all");
                    assertNext(server, "1000 said body");
                }
                peer.go();
                TestServer.Seen seen = server.next();
                while (seen.what().equals("1000 said body")) { // in as many pieces as the decoder likes
                    seen = server.next();
                }
                assertThat(seen.what().toString()).contains("DIFFERING", "in the middle of a frame");
                assertNothingButClosed(server);
            }
        }
    }

    @Test
    void requestsOfTwo_areEachTheirOwn() {
        try (TestServer server = start(anySender(), requests(), new Requests());
                Peer peer = shared(
                        server,
                        HEAD + "body",
                        "GET /mine HTTP/1.1\r\n\r\n",
                        HEAD.substring(0, 20),
                        HEAD.substring(20))) {
            assertNext(server, "active");
            assertNext(server, "1000 said head /all");
            peer.go();
            assertNext(server, "0 said head /mine");
            peer.go();
            peer.go();
            assertRefused(server, AbsenceReason.DIFFERING, "in the middle of a frame");
        }
    }

    /** Turns decoded parts of HTTP into what the witness prints. */
    private static final class Requests extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            AttestedMessage message = (AttestedMessage) msg;
            long uid = message.credentials().orElseThrow().uid();
            String what = message.message() instanceof HttpRequest request ? "head " + request.uri() : "body";
            message.release();
            ctx.fireChannelRead(uid + " said " + what);
        }
    }

    @Test
    void decoderThatHandsOutLate_isRefused() {
        try (TestServer server = start(
                        anySender(),
                        AttestedDecoder.builder().decoder(Late::new).build());
                Peer peer = shared(server, "evil", "x")) {
            assertNext(server, "active");
            peer.go();
            TestServer.Seen seen = server.next();
            while (seen.what().equals("0 said x")) {
                seen = server.next();
            }
            assertThat(seen.what().toString()).contains("RACED", "when its sender's turn was over");
            await().atMost(30, TimeUnit.SECONDS)
                    .until(() -> server.next().what().equals("inactive"));
        }
    }

    /** Hands out what user 1000 sent when root has sent something. */
    private static final class Late extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (((ByteBuf) msg).toString(StandardCharsets.UTF_8).equals("evil")) {
                ctx.executor().schedule(() -> ctx.fireChannelRead(msg), 300, TimeUnit.MILLISECONDS);
            } else {
                ctx.fireChannelRead(msg);
            }
        }
    }

    @Test
    void bytesWithoutSender_andForeignExecutors_areRefused() {
        try (TestServer server = start(oneSender().plainBytes(), lines());
                Peer peer = Peer.start("connect", server.path(), "write", "x\n", "drain")) {
            assertNext(server, "active");
            captured(server);
            assertRefused(server, AbsenceReason.RACED, "without its sender");
            assertThat(peer.line()).isEqualTo("0");
        }
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        try (TestServer server = start(
                        child -> child.pipeline().addLast(anySender().build()).addLast(executors, lines()));
                Peer peer = Peer.start("connect", server.path(), "write", "x\n", "drain")) {
            assertNext(server, "active");
            assertRefused(server, AbsenceReason.FOREIGN_EXECUTOR, "without an executor");
            assertThat(peer.line()).isEqualTo("0");
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void decoderThatCannotBeMade_isRefused() {
        ChannelHandler onlyOne = new LineBasedFrameDecoder(10);
        try (TestServer server = start(
                        anySender(),
                        AttestedDecoder.builder().decoder(() -> onlyOne).build());
                Peer peer = shared(server, "a\n", "b\n")) {
            assertNext(server, "active");
            assertNext(server, "1000 said a");
            peer.go();
            assertRefused(server, AbsenceReason.FAILED, "cannot be made or added");
        }
        assertThatThrownBy(() -> AttestedDecoder.builder().build()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void adapterRemovedInAFrame_closesTheChannel() {
        try (TestServer server = start(anySender(), lines());
                Peer peer = Peer.start("connect", server.path(), "write", "a\nhalf", "drain")) {
            Channel channel = server.next().channel();
            assertNext(server, "0 said a");
            channel.eventLoop()
                    .submit(() -> channel.pipeline().remove(AttestedDecoder.class))
                    .syncUninterruptibly();
            assertThat(peer.line()).isEqualTo("0");
            assertNothingButClosed(server);
        }
    }
}
