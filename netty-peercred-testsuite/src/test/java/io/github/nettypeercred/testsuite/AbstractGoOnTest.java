// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.AttestedBytes;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.GoOn;
import io.github.nettypeercred.GoOnClientHandler;
import io.github.nettypeercred.GoOnServerHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.SendCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.SimpleChannelInboundHandler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the go-on handshake must be on every transport; the peers are programs after the manual's recipes, under other users. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractGoOnTest {
    private static final long OWN_PID = ProcessHandle.current().pid();
    private static final GoOn LONG = GoOn.of(new byte[] {1, 2, 3, 4}, new byte[] {5, 6, 7, 8});

    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    private TestServer start(GoOn goOn, PeerCredentialsHandler.Builder captures) {
        return start(child -> child.pipeline().addLast(new GoOnServerHandler(goOn), captures.build()));
    }

    private TestServer start(Consumer<Channel> pipeline) {
        return TestServer.start(transport(), pipeline);
    }

    private static PeerCredentialsHandler.Builder firstRead() {
        return PeerCredentialsHandler.builder().firstRead();
    }

    private static UnixPeerCredentials captured(TestServer server, Moment moment) {
        TestServer.Seen seen = server.next();
        assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Captured.class);
        UnixPeerCredentials credentials = ((PeerCredentialsEvent.Captured) seen.what()).result();
        assertThat(UnixPeerCredentials.of(seen.channel(), moment)).isSameAs(credentials);
        return credentials;
    }

    private static void assertNext(TestServer server, String what) {
        assertThat(server.next().what()).isEqualTo(what);
    }

    private static void assertRefused(TestServer server, AbsenceReason reason) {
        AbstractFirstReadTest.assertRefused(server, reason, "");
        assertThat(server.sawNothingMore()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"say", "saymine"})
    void cClient_isCaptured_andTheHandshakeTakenOut(String say) {
        try (TestServer server = start(LONG, firstRead());
                Peer peer = Goon.start(
                        "ids",
                        "4294967294",
                        "7",
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        say,
                        "05060708",
                        "await",
                        "say",
                        "6869",
                        "await")) {
            assertThat(peer.line()).isEqualTo("01020304");
            UnixPeerCredentials credentials = captured(server, Moment.FIRST_READ);
            assertThat(credentials.uid()).isEqualTo(4294967294L);
            assertThat(credentials.gid()).isEqualTo(7);
            assertThat(credentials.pid()).hasValue(peer.pid());
            TestServer.Seen active = server.next();
            assertThat(active.what()).isEqualTo("active");
            assertThat(server.sawNothingMore()).isTrue();
            await().until(() -> active.channel().pipeline().get(GoOnServerHandler.class) == null);
            await().until(() -> active.channel().pipeline().get(PeerCredentialsHandler.class) == null);
            peer.go();
            assertNext(server, "read hi");
        }
    }

    @Test
    void pythonClient_isCaptured() {
        try (TestServer server = start(LONG, firstRead());
                Peer peer = Goon.python("client", server.path(), "1000", "1001", "01020304", "05060708")) {
            UnixPeerCredentials credentials = captured(server, Moment.FIRST_READ);
            assertThat(credentials.uid()).isEqualTo(1000);
            assertThat(credentials.gid()).isEqualTo(1001);
            assertThat(credentials.pid()).hasValue(peer.pid());
            TestServer.Seen active = server.next();
            assertThat(active.what()).isEqualTo("active");
            active.channel().writeAndFlush(Unpooled.copiedBuffer("to python", UTF_8));
            assertNext(server, "read from python");
            active.channel().close();
            assertThat(peer.line()).isIn("to python", ""); // nothing, where the half-closed stream is closed at once
        }
    }

    @Test
    void singleNulWithoutMessage_asOfDBus_isTakenOut() {
        try (TestServer server = start(GoOn.of(new byte[0], new byte[1]), firstRead());
                Peer peer =
                        Goon.start("ids", "1000", "100", "connect", server.path(), "saymine", "0041555448", "await")) {
            assertThat(captured(server, Moment.FIRST_READ).pid()).hasValue(peer.pid());
            assertNext(server, "active");
            assertNext(server, "read AUTH");
        }
    }

    @Test
    void connectCapture_goesTogetherWithIt() {
        try (TestServer server = start(GoOn.ofDefault(), PeerCredentialsHandler.builder());
                Peer peer = Goon.start(
                        "ids", "1000", "100", "connect", server.path(), "hear", "1", "await", "say", "0061", "await")) {
            assertThat(peer.line()).isEqualTo("00");
            assertThat(server.sawNothingMore()).isTrue();
            peer.go();
            assertThat(captured(server, Moment.CONNECT).pid()).hasValue(peer.pid());
            assertNext(server, "active");
            assertNext(server, "read a");
        }
    }

    @Test
    void bothMoments_areKnownBeforeAnythingPasses() {
        try (TestServer server =
                        start(GoOn.ofDefault(), PeerCredentialsHandler.builder().connectAndFirstRead());
                Peer peer = Goon.start(
                        "connect", server.path(), "hear", "1", "ids", "1000", "100", "say", "0061", "await")) {
            assertThat(captured(server, Moment.CONNECT).uid()).isZero();
            assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
            assertNext(server, "active");
            assertNext(server, "read a");
            assertThat(peer.line()).isEqualTo("00");
        }
    }

    @Test
    void differingMoments_areRefused() {
        try (TestServer server = start(
                        GoOn.ofDefault(),
                        PeerCredentialsHandler.builder().connectAndFirstRead().refuseDiffering());
                Peer peer = Goon.start(
                        "connect", server.path(), "hear", "1", "ids", "1000", "100", "say", "0061", "await")) {
            assertThat(captured(server, Moment.CONNECT).pid()).hasValue(peer.pid());
            assertRefused(server, AbsenceReason.DIFFERING);
        }
    }

    @Test
    void answerInPieces_ofOneSender_passes() {
        try (TestServer server = start(LONG, firstRead());
                Peer peer = Goon.start(
                        "ids",
                        "1000",
                        "100",
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "05",
                        "await",
                        "say",
                        "0607",
                        "await",
                        "say",
                        "086869",
                        "await")) {
            peer.line();
            peer.go();
            assertThat(server.sawNothingMore()).isTrue();
            peer.go();
            assertThat(captured(server, Moment.FIRST_READ).uid()).isEqualTo(1000);
            assertNext(server, "active");
            assertNext(server, "read hi");
        }
    }

    @Test
    void answerInPieces_aheadOfEveryRead_isOfTheOneSenderOfAll() {
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                new GoOnServerHandler(LONG),
                                EveryReadHandler.builder().plainBytes().build()));
                Peer peer = Goon.start(
                        "ids",
                        "1000",
                        "100",
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "0506",
                        "await",
                        "say",
                        "07086869",
                        "await",
                        "say",
                        "686f",
                        "await")) {
            peer.line();
            peer.go();
            UnixPeerCredentials credentials = captured(server, Moment.EVERY_READ);
            assertThat(credentials.uid()).isEqualTo(1000);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertNext(server, "active");
            assertNext(server, "read hi");
            peer.go();
            assertNext(server, "read ho");
        }
    }

    @Test
    void answer_aheadOfEveryRead_bindsTheSenderOfTheData() {
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                new GoOnServerHandler(LONG),
                                EveryReadHandler.builder().plainBytes().build()));
                Peer peer = Goon.start(
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "05060708",
                        "ids",
                        "1000",
                        "100",
                        "say",
                        "6869",
                        "await")) {
            peer.line();
            assertThat(captured(server, Moment.EVERY_READ).uid()).isZero();
            assertNext(server, "active");
            TestServer.Seen refused = server.next();
            assertThat(((PeerCredentialsEvent.Refused) refused.what()).result().reason())
                    .isEqualTo(AbsenceReason.DIFFERING);
            assertNext(server, "inactive");
        }
    }

    @Test
    void answer_aheadOfEveryReadOfSeveralSenders_isTakenOut() {
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                new GoOnServerHandler(LONG),
                                EveryReadHandler.builder().allowSenderChange().build(),
                                new EnvelopeTexts()));
                Peer peer = Goon.start(
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "050607086869",
                        "ids",
                        "1000",
                        "100",
                        "say",
                        "686f",
                        "await")) {
            peer.line();
            assertNext(server, "active");
            assertNext(server, "read 0 hi");
            assertNext(server, "read 1000 ho");
        }
    }

    /** Turns envelopes to their text behind their sender's uid. */
    private static final class EnvelopeTexts extends SimpleChannelInboundHandler<AttestedBytes> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, AttestedBytes bytes) {
            String text = bytes.credentials().orElseThrow().uid() + " "
                    + bytes.content().toString(UTF_8);
            ctx.fireChannelRead(Unpooled.copiedBuffer(text, UTF_8));
        }
    }

    @Test
    void answerOfTwoSenders_aheadOfEveryRead_isRefused() {
        try (TestServer server = start(child -> child.pipeline()
                        .addLast(
                                new GoOnServerHandler(LONG),
                                EveryReadHandler.builder().allowSenderChange().build(),
                                new EnvelopeTexts()));
                Peer peer = Goon.start(
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "0506",
                        "ids",
                        "1000",
                        "100",
                        "say",
                        "0708",
                        "await")) {
            assertThat(peer.line()).isEqualTo("01020304");
            TestServer.Seen refused = server.next();
            assertThat(((PeerCredentialsEvent.Refused) refused.what()).result().reason())
                    .isEqualTo(AbsenceReason.RACED);
        }
    }

    @Test
    void answerOfTwoSenders_isRefused() {
        try (TestServer server = start(LONG, firstRead());
                Peer peer = Goon.start(
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "0506",
                        "ids",
                        "1000",
                        "100",
                        "say",
                        "0708",
                        "await")) {
            assertThat(peer.line()).isEqualTo("01020304");
            assertRefused(server, AbsenceReason.RACED);
        }
    }

    @ParameterizedTest
    @CsvSource({"06, WRONG_MESSAGE", "0506ff08, WRONG_MESSAGE", "0505, WRONG_MESSAGE"})
    void wrongAnswer_isRefused(String answer, AbsenceReason reason) {
        try (TestServer server = start(LONG, firstRead());
                Peer peer = Goon.start("connect", server.path(), "hear", "4", "say", answer, "await")) {
            assertThat(peer.line()).isEqualTo("01020304");
            assertRefused(server, reason);
        }
    }

    @Test
    void endBeforeTheAnswer_isRefused() {
        try (TestServer server = start(LONG, firstRead());
                Peer peer = Goon.start("connect", server.path(), "hear", "4", "say", "05")) {
            assertThat(peer.line()).isEqualTo("01020304");
            AbstractFirstReadTest.assertRefused(server, AbsenceReason.NO_DATA, "within");
        }
    }

    @Test
    void silence_isRefusedAfterTheDeadline() {
        try (TestServer server = start(GoOn.ofDefault().deadline(Duration.ofMillis(50)), firstRead());
                Peer peer = Goon.start("connect", server.path(), "sum")) {
            assertRefused(server, AbsenceReason.TIMED_OUT);
            assertThat(peer.line()).isEqualTo("1 d202ef8d");
        }
    }

    @Test
    void answerAheadOfTheMessage_isRefused() throws InterruptedException {
        CountDownLatch sent = new CountDownLatch(1);
        ChannelHandler accepting =
                PeerCredentialsAcceptHandler.builder().firstRead().build();
        try (TestServer server = TestServer.start(transport(), accepting, child -> child.pipeline()
                .addLast(new GoOnServerHandler(), firstRead().build()))) {
            server.channel().eventLoop().execute(() -> {
                try {
                    sent.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            try (Peer peer = Peer.start("connect", server.path(), "write", "x", "say", "written", "await")) {
                assertThat(peer.line()).isEqualTo("written");
                sent.countDown();
                assertRefused(server, AbsenceReason.TOO_EARLY);
            }
        } finally {
            sent.countDown();
        }
    }

    @Test
    void writesOfTheServer_areHeldUntilTheAnswer() {
        Channel[] made = new Channel[1];
        try (TestServer server = start(child -> {
                    made[0] = child;
                    child.pipeline()
                            .addLast(new GoOnServerHandler(), firstRead().build());
                });
                Peer peer = Goon.start("connect", server.path(), "hear", "1", "await", "say", "00", "hear", "3")) {
            assertThat(peer.line()).isEqualTo("00");
            ChannelFuture write = made[0].writeAndFlush(Unpooled.copiedBuffer("abc", UTF_8));
            made[0].eventLoop().submit(() -> {}).syncUninterruptibly();
            assertThat(write.isDone()).isFalse();
            peer.go();
            assertThat(peer.line()).isEqualTo("616263");
            assertThat(write.syncUninterruptibly().isSuccess()).isTrue();
        }
    }

    @Test
    void withoutAutoRead_theHandshakeReadsByItself_andLeavesTheRestToTheApplication() {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline()
                            .addLast(new GoOnServerHandler(LONG), firstRead().build());
                });
                Peer peer = Goon.start(
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "05",
                        "say",
                        "060708",
                        "await",
                        "say",
                        "61",
                        "await")) {
            captured(server, Moment.FIRST_READ);
            TestServer.Seen active = server.next();
            assertThat(active.what()).isEqualTo("active");
            peer.go();
            active.channel().read();
            assertNext(server, "read a");
        }
    }

    @Test
    void withoutAutoRead_dataBehindTheAnswer_waitsForARead() {
        try (TestServer server = start(child -> {
                    child.config().setAutoRead(false);
                    child.pipeline()
                            .addLast(
                                    new GoOnServerHandler(LONG),
                                    EveryReadHandler.builder().plainBytes().build());
                });
                Peer peer = Goon.start(
                        "connect",
                        server.path(),
                        "hear",
                        "4",
                        "say",
                        "050607086869",
                        "await",
                        "say",
                        "686f",
                        "await")) {
            captured(server, Moment.EVERY_READ);
            TestServer.Seen active = server.next();
            assertThat(active.what()).isEqualTo("active");
            active.channel().eventLoop().submit(() -> {}).syncUninterruptibly();
            assertThat(server.sawNothingMore()).isTrue();
            active.channel().read();
            assertNext(server, "read hi");
            peer.line();
            peer.go();
            active.channel().read();
            assertNext(server, "read ho");
        }
    }

    @Test
    void handlerBehindTheCapture_isRefused() {
        try (TestServer server =
                        start(child -> child.pipeline().addLast(firstRead().build(), new GoOnServerHandler()));
                Peer peer = Goon.start("connect", server.path(), "sum")) {
            assertThat(peer.line()).isEqualTo("0 00000000");
            assertThat(server.next().what())
                    .isInstanceOfSatisfying(
                            PeerCredentialsEvent.Refused.class,
                            refused -> assertThat(refused.result().message()).contains("in front of"));
        }
    }

    private TestClient client(String path, GoOn goOn, SendCredentialsHandler sending, ChannelHandler... behind) {
        return TestClient.connect(transport(), path, channel -> channel.pipeline()
                .addLast(sending, new GoOnClientHandler(goOn))
                .addLast(behind));
    }

    private static SendCredentialsHandler as(long uid, long gid) {
        return SendCredentialsHandler.builder().as(uid, gid, 1).build();
    }

    @Test
    void cServer_seesTheCredentialsOnTheAnswer_andThenTheData() {
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        try (Peer peer = Goon.listening(
                        path,
                        "ids",
                        "1000",
                        "100",
                        "accept",
                        "passcred",
                        "await",
                        "say",
                        "01020304",
                        "receive",
                        "4",
                        "receive",
                        "2",
                        "say",
                        "6f6b",
                        "await");
                TestClient client = client(path.toString(), LONG, as(4294967294L, 8), recorder)) {
            ChannelFuture write = client.channel().writeAndFlush(Unpooled.copiedBuffer("hi", UTF_8));
            client.onEventLoop(() -> {});
            assertThat(recorder.seen()).doesNotContain("active");
            assertThat(write.isDone()).isFalse();
            peer.go();
            assertThat(peer.line()).isEqualTo("05060708 4294967294 8 1");
            assertThat(peer.line()).isEqualTo("6869 0 0 " + OWN_PID);
            await().until(() -> recorder.seen().contains("read ok"));
            assertThat(recorder.seen().indexOf("active"))
                    .isNotNegative()
                    .isLessThan(recorder.seen().indexOf("read ok"));
        }
    }

    @Test
    void pythonServer_seesTheCredentialsOnTheAnswer() {
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        try (Peer peer = Goon.python("server", path.toString(), "1000", "100", "01020304", "4")) {
            assertThat(peer.line()).isEqualTo("ready");
            try (TestClient client = client(path.toString(), LONG, as(2147483648L, 8), recorder)) {
                assertThat(peer.line()).isEqualTo("05060708 2147483648 8 1");
                await().until(() -> recorder.seen().contains("read welcome"));
                client.channel().close();
            }
        }
    }

    @Test
    void dataRightBehindTheMessage_passesAfterTheHandshake() {
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        try (Peer peer =
                        Goon.listening(path, "passcred", "accept", "say", "0102030461626364", "receive", "4", "await");
                TestClient client = client(path.toString(), LONG, as(1, 2), recorder)) {
            assertThat(peer.line()).isEqualTo("05060708 1 2 1");
            await().until(() -> recorder.seen().contains("read abcd"));
            assertThat(recorder.seen().subList(0, 2)).containsExactly("active", "read abcd");
            await().until(() -> client.channel().pipeline().get(GoOnClientHandler.class) == null);
        }
    }

    @Test
    void wrongMessage_isRefused_andNothingSent() {
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        try (Peer peer = Goon.listening(path, "accept", "await", "say", "0109", "sum");
                TestClient client = client(path.toString(), LONG, as(1, 2), recorder)) {
            ChannelFuture write = client.channel().writeAndFlush(Unpooled.copiedBuffer("hi", UTF_8));
            client.onEventLoop(() -> {});
            peer.go();
            assertThat(peer.line()).isEqualTo("0 00000000");
            assertThat(write.awaitUninterruptibly(30, TimeUnit.SECONDS)).isTrue();
            assertThat(write.cause()).isInstanceOf(AbsentException.class);
            assertThat(recorder.seen()).contains("Refused WRONG_MESSAGE").doesNotContain("active");
        }
    }

    @Test
    void answerThatCannotBeSent_isToldAndRefused() {
        Peer ended = Peer.start("say", "x");
        ended.exit();
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        SendCredentialsHandler dead =
                SendCredentialsHandler.builder().as(0, 0, ended.pid()).build();
        try (Peer peer = Goon.listening(path, "accept", "say", "01020304", "sum");
                TestClient client = client(path.toString(), LONG, dead, recorder)) {
            assertThat(peer.line()).isEqualTo("0 00000000");
            assertThat(client.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                    .isTrue();
            await().until(() -> recorder.seen().contains("Refused FAILED")); // the channel may be closed before
            assertThat(recorder.seen())
                    .anyMatch(what -> what.startsWith("exception NO_SUCH_PROCESS"))
                    .contains("Refused FAILED");
            assertThat(recorder.seen()).doesNotContain("active");
        }
    }

    @Test
    void bothSidesOfOurs_understandEachOther() {
        Recorder recorder = new Recorder();
        try (TestServer server = start(GoOn.ofDefault(), firstRead());
                TestClient client = client(server.path(), GoOn.ofDefault(), as(9, 10), recorder)) {
            client.channel().writeAndFlush(Unpooled.copiedBuffer("hi", UTF_8));
            UnixPeerCredentials credentials = captured(server, Moment.FIRST_READ);
            assertThat(credentials.uid()).isEqualTo(9);
            assertThat(credentials.gid()).isEqualTo(10);
            TestServer.Seen active = server.next();
            assertThat(active.what()).isEqualTo("active");
            active.channel().writeAndFlush(Unpooled.copiedBuffer("ho", UTF_8));
            assertNext(server, "read hi");
            await().until(() -> recorder.seen().contains("read ho"));
        }
    }

    private static final GoOn WORDS = GoOn.of("go".getBytes(UTF_8), "ok".getBytes(UTF_8));

    private TestClient client(Path path, ChannelHandler inFront, EveryReadHandler.Builder every, Recorder recorder) {
        return TestClient.connect(transport(), path.toString(), channel -> channel.pipeline()
                .addLast(inFront, new GoOnClientHandler(WORDS), every.build(), new EnvelopeLengths(), recorder));
    }

    /** Turns envelopes to their length and first byte behind their sender's uid. */
    private static final class EnvelopeLengths extends SimpleChannelInboundHandler<AttestedBytes> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, AttestedBytes bytes) {
            String text = bytes.credentials().orElseThrow().uid() + " "
                    + bytes.content().readableBytes() + " "
                    + (char) bytes.content().getByte(bytes.content().readerIndex());
            ctx.fireChannelRead(Unpooled.copiedBuffer(text, UTF_8));
        }
    }

    /** On io_uring our answer is on its way while Netty has looked at, and submitted, the read of what another sent. */
    @Test
    void dataOfAnother_behindThatOfTheServer_hasItsOwnSender_whileTheAnswerIsOnItsWay() {
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        CountDownLatch sent = new CountDownLatch(1);
        ChannelHandler late = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) throws InterruptedException {
                assertThat(sent.await(30, TimeUnit.SECONDS)).isTrue();
                ctx.fireChannelActive();
            }
        };
        try (Peer peer = Peer.start(
                "listen",
                path.toString(),
                "say",
                "ready",
                "accept",
                "sendas",
                "1000",
                "1000",
                "goevil",
                "write",
                "second",
                "say",
                "sent",
                "await")) {
            assertThat(peer.line()).isEqualTo("ready");
            try (TestClient client =
                    client(path, late, EveryReadHandler.builder().allowSenderChange(), recorder)) {
                assertThat(peer.line()).isEqualTo("0");
                assertThat(peer.line()).isEqualTo("sent");
                sent.countDown();
                await().until(() -> recorder.seen().stream()
                                .filter(what -> what.startsWith("read"))
                                .count()
                        == 2);
                assertThat(recorder.seen())
                        .contains("read 1000 4 e", "read 0 6 s")
                        .doesNotContain("inactive");
                assertThat(client.channel().isActive()).isTrue();
            }
        } finally {
            sent.countDown();
        }
    }

    /** Holds what is written until so many bytes have been read. */
    private static final class LateWrites extends ChannelDuplexHandler {
        private final int bytes;
        private final Queue<Runnable> held = new ArrayDeque<>();
        private int read;

        LateWrites(int bytes) {
            this.bytes = bytes;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            read += ((ByteBuf) msg).readableBytes();
            ctx.fireChannelRead(msg);
            if (read >= bytes) {
                held.forEach(Runnable::run);
                held.clear();
            }
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
            if (read >= bytes) {
                ctx.write(msg, promise);
            } else {
                held.add(() -> ctx.writeAndFlush(msg, promise));
            }
        }
    }

    @Test
    void dataOfTheServer_inManyReads_passes_whileTheAnswerWaits() {
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        int most = 100_000;
        try (Peer peer = Peer.start(
                "listen",
                path.toString(),
                "say",
                "ready",
                "accept",
                "write",
                "gohello",
                "writemany",
                "99993",
                "await")) {
            assertThat(peer.line()).isEqualTo("ready");
            try (TestClient client = client(path, new LateWrites(most), EveryReadHandler.builder(), recorder)) {
                await().until(() -> bytesOfRoot(recorder) == most - 2);
                assertThat(recorder.seen()).contains("Captured 0").doesNotContain("Refused RACED", "inactive");
                await().until(() -> client.channel().pipeline().get(GoOnClientHandler.class) == null);
            }
        }
    }

    private static int bytesOfRoot(Recorder recorder) {
        return recorder.seen().stream()
                .filter(what -> what.startsWith("read 0 "))
                .mapToInt(what -> Integer.parseInt(what.split(" ", -1)[2]))
                .sum();
    }

    @Test
    void dataOfSeveral_isEachTheirOwn_whileTheAnswerWaits_andLeavesNoDescriptors() {
        long ofProcesses = Descriptors.ofProcesses();
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        try (Peer peer = Peer.start(
                "listen",
                path.toString(),
                "say",
                "ready",
                "accept",
                "sendas",
                "1000",
                "1000",
                "goevil",
                "write",
                "root",
                "sendas",
                "1000",
                "1000",
                "more",
                "drain")) {
            assertThat(peer.line()).isEqualTo("ready");
            try (TestClient client = client(
                    path,
                    new LateWrites(14),
                    EveryReadHandler.builder().allowSenderChange().senderProcess(),
                    recorder)) {
                await().until(() -> recorder.seen().contains("read 1000 4 m"));
                assertThat(recorder.seen().stream().filter(what -> what.startsWith("read")))
                        .containsExactly("read 1000 4 e", "read 0 4 r", "read 1000 4 m");
                await().until(() -> Descriptors.ofProcesses() <= ofProcesses);
                assertThat(client.channel().isActive()).isTrue();
            }
        }
    }

    @Test
    void channelThatCloses_whileTheAnswerWaits_leavesNoDescriptors() {
        long ofProcesses = Descriptors.ofProcesses();
        Path path = TestServer.newPath();
        Recorder recorder = new Recorder();
        try (Peer peer = Peer.start(
                "listen",
                path.toString(),
                "say",
                "ready",
                "accept",
                "sendas",
                "1000",
                "1000",
                "goevil",
                "write",
                "root",
                "await")) {
            assertThat(peer.line()).isEqualTo("ready");
            AtomicInteger reads = new AtomicInteger();
            ChannelHandler counting = new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ctx.fireChannelRead(msg);
                    reads.incrementAndGet();
                }
            };
            try (TestClient client = TestClient.connect(transport(), path.toString(), channel -> channel.pipeline()
                    .addLast(
                            new LateWrites(Integer.MAX_VALUE),
                            counting,
                            new GoOnClientHandler(WORDS),
                            EveryReadHandler.builder()
                                    .allowSenderChange()
                                    .senderProcess()
                                    .build(),
                            recorder))) {
                await().until(() -> reads.get() == 2);
                assertThat(Descriptors.ofProcesses()).isGreaterThan(ofProcesses);
                client.channel().close().syncUninterruptibly();
                await().until(() -> Descriptors.ofProcesses() <= ofProcesses);
                assertThat(recorder.seen()).noneMatch(what -> what.startsWith("read"));
            }
        }
    }
}
