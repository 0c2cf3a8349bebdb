// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.CredentialsNotSentException.Reason;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.SendCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What sending credentials must be on every transport; the receiver is a C program after the manual's recipe. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractSendCredentialsTest {
    private static final long OWN_PID = ProcessHandle.current().pid();

    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: sending under other users needs root, and these tests do not run as root");
    }

    private TestClient connect(Path path, SendCredentialsHandler handler) {
        return TestClient.connect(
                transport(), path.toString(), channel -> channel.pipeline().addLast(handler));
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, UTF_8);
    }

    private static void assertSent(ChannelFuture write) {
        assertThat(write.awaitUninterruptibly(30, TimeUnit.SECONDS)).isTrue();
        assertThat(write.cause()).isNull();
    }

    private static Throwable failureOf(ChannelFuture write) {
        assertThat(write.awaitUninterruptibly(30, TimeUnit.SECONDS)).isTrue();
        return write.cause();
    }

    private static void assertNotSent(ChannelFuture write, Reason reason, int errno) {
        assertThat(failureOf(write)).isInstanceOf(CredentialsNotSentException.class);
        CredentialsNotSentException failure = (CredentialsNotSentException) write.cause();
        assertThat(failure.reason()).isEqualTo(reason);
        if (errno == 0) {
            assertThat(failure.errno()).isEmpty();
        } else {
            assertThat(failure.errno()).hasValue(errno);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 1", "1000, 1001, 1", "2147483648, 4294967290, 1", "4294967294, 4294967294, 1"})
    void givenIds_areDelivered(long uid, long gid, int pid) {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "receive", "3");
                TestClient client =
                        connect(path, SendCredentialsHandler.builder().as(uid, gid, pid).build())) {
            assertSent(client.channel().writeAndFlush(text("abc")));
            assertThat(peer.line()).isEqualTo("616263 " + uid + " " + gid + " " + pid);
            assertThat(client.channel().pipeline().get(SendCredentialsHandler.class)).isNull();
        }
    }

    @Test
    void ownIds_areDelivered_evenIfTheReceiverAsksLate() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "accept", "await", "passcred", "receive", "1", "receive", "1");
                TestClient client = connect(path, new SendCredentialsHandler())) {
            assertSent(client.channel().writeAndFlush(text("a")));
            assertSent(client.channel().writeAndFlush(text("b")));
            peer.go();
            assertThat(peer.line()).isEqualTo("61 0 0 " + OWN_PID);
            assertThat(peer.line()).isEqualTo("62 65534 65534 0"); // which nothing was attached to
        }
    }

    @Test
    void givenIdsWithoutPid_areOfThisProcess() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "receive", "1");
                TestClient client = connect(
                        path, SendCredentialsHandler.builder().as(1000, 100).build())) {
            assertSent(client.channel().writeAndFlush(text("x")));
            assertThat(peer.line()).isEqualTo("78 1000 100 " + OWN_PID);
        }
    }

    @Test
    void firstReadOfOurs_capturesWhoWasNamed() {
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                        .addLast(PeerCredentialsHandler.builder().firstRead().build()));
                TestClient client = connect(
                        Path.of(server.path()),
                        SendCredentialsHandler.builder().as(4294967294L, 7, 1).build())) {
            assertSent(client.channel().writeAndFlush(text("x")));
            assertThat(server.next().what()).isEqualTo("active");
            TestServer.Seen seen = server.next();
            assertThat(seen.what()).isInstanceOf(PeerCredentialsEvent.Captured.class);
            UnixPeerCredentials credentials = UnixPeerCredentials.of(seen.channel(), Moment.FIRST_READ)
                    .orElseThrow();
            assertThat(credentials.uid()).isEqualTo(4294967294L);
            assertThat(credentials.gid()).isEqualTo(7);
            assertThat(credentials.pid()).hasValue(1);
            assertThat(server.next().what()).isEqualTo("read x");
        }
    }

    @Test
    void server_maySendFirst() {
        try (TestServer server = TestServer.start(transport(), child -> child.pipeline()
                        .addLast(
                                SendCredentialsHandler.builder().as(1, 2, 1).build(),
                                new ChannelInboundHandlerAdapter() {
                                    @Override
                                    public void channelActive(ChannelHandlerContext ctx) {
                                        ctx.writeAndFlush(text("hi"));
                                    }
                                }));
                Peer peer = Goon.start("connect", server.path(), "passcred", "receive", "2")) {
            assertThat(peer.line()).isEqualTo("6869 1 2 1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"heap", "direct", "composite", "slice", "readonly", "empty first"})
    void anyBuffer_isSent(String kind) {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "receive", "4", "receive", "1");
                TestClient client =
                        connect(path, SendCredentialsHandler.builder().as(5, 6, 1).build())) {
            List<ChannelFuture> writes = new ArrayList<>();
            client.onEventLoop(() -> {
                if (kind.equals("empty first")) {
                    writes.add(client.channel().write(Unpooled.EMPTY_BUFFER));
                    writes.add(client.channel().writeAndFlush(Unpooled.buffer(8)));
                    assertThat(writes).allMatch(ChannelFuture::isSuccess);
                    assertThat(client.channel().pipeline().get(SendCredentialsHandler.class))
                            .isNotNull();
                }
                writes.add(client.channel().write(buffer(kind)));
                writes.add(client.channel().writeAndFlush(text("!")));
            });
            writes.forEach(AbstractSendCredentialsTest::assertSent);
            assertThat(peer.line()).isEqualTo("77786f79 5 6 1"); // "wxoy"
            assertThat(peer.line()).isEqualTo("21 0 0 " + OWN_PID);
        }
    }

    private static ByteBuf buffer(String kind) {
        return switch (kind) {
            case "direct" -> Unpooled.directBuffer().writeBytes(text("wxoy"));
            case "composite" ->
                Unpooled.compositeBuffer()
                        .addComponent(true, text("wx"))
                        .addComponent(true, Unpooled.directBuffer().writeBytes(text("oy")));
            case "slice" ->
                Unpooled.directBuffer().writeBytes(text("__wxoy__")).slice(2, 4);
            case "readonly" ->
                Unpooled.directBuffer().writeBytes(text("_wxoy")).skipBytes(1).asReadOnly();
            default -> text("wxoy");
        };
    }

    @ParameterizedTest
    @CsvSource({
        "real, 1000 100, sent",
        "effective, 2000 200, sent",
        "saved, 2000 200, sent",
        "as 2000 100 0, , own pid",
        "as 0 100 0, , EPERM",
        "as 1000 0 0, , EPERM",
        "as 1000 100 1, , EPERM"
    })
    void unprivilegedSender_mayUseItsOwnIdsAlone(String what, String received, String outcome) throws IOException {
        Path path = TestServer.newPath();
        String[] words = what.split(" ");
        // exec(2) makes the effective ids the saved ones.
        List<String> command = new ArrayList<>(List.of(
                Peer.PROGRAM, "groups", "-", "gid", "100", "200", "200", "uid", "1000", "2000", "2000", "exec"));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        command.addAll(List.of(java, "-cp", Goon.classPathForAll(), SendingClient.class.getName()));
        command.addAll(List.of(transport() instanceof TestTransport.Epoll ? "epoll" : "io_uring", path.toString()));
        command.addAll(List.of(words));
        if (words.length == 4) {
            assumeTrue(!words[3].equals("0") || !outcome.equals("own pid"), "a pid of 0 is refused by as()");
            command.set(command.size() - 1, words[3].equals("0") ? "1" : words[3]);
        }
        try (Peer peer = Goon.listening(path, "passcred", "accept", "sum")) {
            Peer sender = Peer.startProgram(command);
            assertThat(peer).isNotNull();
            assertThat(sender.line()).isEqualTo(outcome.equals("EPERM") ? "NOT_PERMITTED OptionalInt[1]" : "sent");
            assertThat(received).isNull();
            sender.close();
        }
    }
