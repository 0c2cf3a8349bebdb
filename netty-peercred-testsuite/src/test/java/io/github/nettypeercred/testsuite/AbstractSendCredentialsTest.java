// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;
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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
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
                TestClient client = connect(
                        path, SendCredentialsHandler.builder().as(uid, gid, pid).build())) {
            assertSent(client.channel().writeAndFlush(text("abc")));
            assertThat(peer.line()).isEqualTo("616263 " + uid + " " + gid + " " + pid);
            await().until(() -> client.channel().pipeline().get(SendCredentialsHandler.class) == null);
        }
    }

    @Test
    void ownIds_areDelivered_evenIfTheReceiverAsksLate() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(
                        path, "accept", "tell", "accepted", "await", "passcred", "receive", "1", "receive", "1");
                TestClient client = connect(path, new SendCredentialsHandler())) {
            // The kernel attaches credentials to all that is sent before.
            assertThat(peer.line()).isEqualTo("accepted");
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
            UnixPeerCredentials credentials =
                    UnixPeerCredentials.of(seen.channel(), Moment.FIRST_READ).orElseThrow();
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
                TestClient client = connect(
                        path, SendCredentialsHandler.builder().as(5, 6, 1).build())) {
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
            case "slice" -> Unpooled.directBuffer().writeBytes(text("__wxoy__")).slice(2, 4);
            case "readonly" ->
                Unpooled.directBuffer().writeBytes(text("_wxoy")).skipBytes(1).asReadOnly();
            default -> text("wxoy");
        };
    }

    @Test
    void unprivilegedSender_mayUseItsOwnIdsAlone() throws IOException {
        // exec(2) makes the effective ids the saved ones.
        List<String> command = new ArrayList<>(List.of(
                Peer.PROGRAM, "groups", "-", "gid", "100", "200", "200", "uid", "1000", "2000", "2000", "exec"));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                Goon.classPathForAll(),
                SendingClient.class.getName(),
                transport() instanceof TestTransport.IoUring ? "io_uring" : "epoll"));
        String[] allowed = {"real", "effective", "saved", "1000 200", "2000 100"};
        String[] delivered = {"1000 100", "2000 200", "2000 200", "1000 200", "2000 100"};
        String[] forbidden = {"0 100", "1000 0", "1000 100 1", "4294967294 100"};
        List<Peer> receivers = new ArrayList<>();
        for (String what : allowed) {
            command.addAll(List.of(receiver(receivers, "receive", "1"), what));
        }
        for (String what : forbidden) {
            command.addAll(List.of(receiver(receivers, "sum"), what));
        }
        try (Peer sender = Peer.startProgram(command)) {
            for (int i = 0; i < allowed.length; i++) {
                assertThat(sender.line()).as(allowed[i]).isEqualTo("sent");
                assertThat(receivers.get(i).line()).isEqualTo("78 " + delivered[i] + " " + sender.pid());
            }
            for (int i = 0; i < forbidden.length; i++) {
                assertThat(sender.line()).as(forbidden[i]).isEqualTo("NOT_PERMITTED 1");
                assertThat(receivers.get(allowed.length + i).line()).isEqualTo("0 00000000");
            }
        } finally {
            receivers.forEach(Peer::close);
        }
    }

    private static String receiver(List<Peer> receivers, String... script) {
        Path path = TestServer.newPath();
        List<String> words = new ArrayList<>(List.of("passcred", "accept"));
        words.addAll(List.of(script));
        receivers.add(Goon.listening(path, words.toArray(new String[0])));
        return path.toString();
    }

    @Test
    void pidOfAnEndedProcess_failsTheWrites_andCloses() {
        Peer ended = Peer.start("say", "x");
        ended.exit();
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "sum");
                TestClient client = connect(
                        path,
                        SendCredentialsHandler.builder().as(0, 0, ended.pid()).build())) {
            List<ChannelFuture> writes = new ArrayList<>();
            client.onEventLoop(() -> {
                writes.add(client.channel().write(text("a")));
                writes.add(client.channel().write(text("b")));
                client.channel().flush();
            });
            for (ChannelFuture write : writes) {
                assertNotSent(write, Reason.NO_SUCH_PROCESS, 3);
            }
            assertThat(client.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(peer.line()).isEqualTo("0 00000000");
        }
    }

    @Test
    void failure_withoutAutoClose_keepsTheChannel_andSendsNothing() {
        Peer ended = Peer.start("say", "x");
        ended.exit();
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "sum");
                TestClient client = TestClient.connect(transport(), path.toString(), channel -> {
                    channel.config().setOption(ChannelOption.AUTO_CLOSE, false);
                    channel.pipeline()
                            .addLast(SendCredentialsHandler.builder()
                                    .as(0, 0, ended.pid())
                                    .build());
                })) {
            assertNotSent(client.channel().writeAndFlush(text("a")), Reason.NO_SUCH_PROCESS, 3);
            assertNotSent(client.channel().writeAndFlush(text("b")), Reason.NO_SUCH_PROCESS, 3);
            assertThat(client.channel().isOpen()).isTrue();
            client.channel().close();
            assertThat(peer.line()).isEqualTo("0 00000000");
        }
    }

    @Test
    void messageThatIsNoBuffer_failsAlone() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "receive", "1");
                TestClient client = connect(
                        path, SendCredentialsHandler.builder().as(3, 4, 1).build())) {
            assertNotSent(
                    client.channel().writeAndFlush(new DefaultFileRegion(new File("/dev/null"), 0, 1)),
                    Reason.NOT_BYTES,
                    0);
            assertSent(client.channel().writeAndFlush(text("x")));
            assertThat(peer.line()).isEqualTo("78 3 4 1");
        }
    }

    @Test
    void executorOfItsOwn_isRefused() {
        Path path = TestServer.newPath();
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        try (Peer peer = Goon.listening(path, "passcred", "accept", "sum");
                TestClient client = TestClient.connect(transport(), path.toString(), channel -> channel.pipeline()
                        .addLast(executors, new SendCredentialsHandler()))) {
            assertNotSent(client.channel().writeAndFlush(text("x")), Reason.UNSUPPORTED, 0);
            client.channel().close();
            assertThat(peer.line()).isEqualTo("0 00000000");
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void ids_thatAreNone_areRefused() {
        for (long id : new long[] {-1, 4294967295L, Long.MAX_VALUE}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SendCredentialsHandler.builder().as(id, 0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SendCredentialsHandler.builder().as(0, id, 1));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SendCredentialsHandler.builder().as(0, 0, 0));
    }

    /** What was sent, to be compared with what a receiver's "sum" prints. */
    private static final class Sum {
        private final CRC32 crc = new CRC32();
        private long bytes;

        ByteBuf add(ByteBuf buffer) {
            bytes += buffer.readableBytes();
            crc.update(buffer.nioBuffer());
            return buffer;
        }

        @Override
        public String toString() {
            return String.format("%d %08x", bytes, crc.getValue());
        }
    }

    private static ByteBuf pattern(int length, int seed) {
        ByteBuf buffer = Unpooled.directBuffer(length);
        for (int i = 0; i < length; i++) {
            buffer.writeByte(i * 31 + (i >> 7) + seed);
        }
        return buffer;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void largeFirstMessage_isSentWhole(boolean heap) {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "await", "sum");
                TestClient client = connect(path, new SendCredentialsHandler())) {
            Sum sum = new Sum();
            ByteBuf message = sum.add(pattern(5_000_000, 1));
            ChannelFuture first =
                    client.channel().writeAndFlush(heap ? Unpooled.copiedBuffer(message) : message.retain());
            message.release();
            ChannelFuture second = client.channel().writeAndFlush(sum.add(pattern(100, 2)));
            await().until(() -> client.channel().pipeline().get(SendCredentialsHandler.class) == null);
            assertThat(first.isDone()).isFalse();
            peer.go();
            assertSent(first);
            assertSent(second);
            client.channel().close();
            assertThat(peer.line()).isEqualTo(sum.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tenThousandWrites_keepTheirOrder(boolean beforeConnected) {
        Path path = TestServer.newPath();
        Sum sum = new Sum();
        AtomicInteger sent = new AtomicInteger();
        List<Integer> order = new ArrayList<>();
        Consumer<Channel> write = channel -> {
            for (int i = 0; i < 10_000; i++) {
                int number = i;
                ByteBuf message = Unpooled.buffer(4 + i % 97).writeInt(i).writeZero(i % 97);
                channel.write(sum.add(message)).addListener(done -> {
                    if (done.isSuccess()) {
                        sent.incrementAndGet();
                    }
                    order.add(number);
                });
                if (i % 7 == 0) {
                    channel.flush();
                }
            }
            channel.flush();
        };
        try (Peer peer = Goon.listening(path, "passcred", "accept", "receive", "4", "await", "sum");
                TestClient client = TestClient.connect(transport(), path.toString(), channel -> {
                    channel.pipeline()
                            .addLast(
                                    SendCredentialsHandler.builder().as(1, 2, 1).build());
                    if (beforeConnected) {
                        channel.eventLoop().execute(() -> write.accept(channel));
                    }
                })) {
            if (!beforeConnected) {
                client.onEventLoop(() -> write.accept(client.channel()));
            }
            assertThat(peer.line()).isEqualTo("00000000 1 2 1");
            peer.go();
            await().until(() -> sent.get() == 10_000);
            assertThat(order).isSorted();
            client.channel().close();
            Sum rest = new Sum();
            for (int i = 1; i < 10_000; i++) {
                rest.add(Unpooled.buffer(4 + i % 97).writeInt(i).writeZero(i % 97));
            }
            assertThat(peer.line()).isEqualTo(rest.toString());
        }
    }

    /** Fills a channel's socket past Netty, until it takes no byte. */
    private static void fill(Channel channel, Sum sum) {
        Socket socket = new Socket(((UnixChannel) channel).fd().intValue());
        try {
            for (int length : new int[] {4096, 1}) {
                while (true) {
                    ByteBuffer block = ByteBuffer.allocateDirect(length);
                    int sent = socket.send(block, 0, length);
                    if (sent <= 0) {
                        break;
                    }
                    sum.add(Unpooled.buffer(sent).writeZero(sent)).release();
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void fullSocket_isWaitedFor() {
        Path path = TestServer.newPath();
        long before = openWhenWarm();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "await", "sum");
                TestClient client = connect(path, new SendCredentialsHandler())) {
            Sum sum = new Sum();
            List<ChannelFuture> writes = new ArrayList<>();
            client.onEventLoop(() -> {
                fill(client.channel(), sum);
                for (int i = 0; i < 100; i++) {
                    writes.add(client.channel().write(sum.add(pattern(20_000, i))));
                }
                client.channel().flush();
                client.channel().flush();
                writes.add(client.channel().writeAndFlush(sum.add(pattern(7, 7))));
            });
            assertThat(writes).noneMatch(ChannelFuture::isDone);
            assertThat(client.channel().isWritable()).isFalse();
            peer.go();
            writes.forEach(AbstractSendCredentialsTest::assertSent);
            await().until(() -> client.channel().pipeline().get(SendCredentialsHandler.class) == null);
            await().until(client.channel()::isWritable);
            client.channel().close();
            assertThat(peer.line()).isEqualTo(sum.toString());
        }
        await().until(() -> Descriptors.open() <= before);
    }

    @Test
    void credentials_afterTheWait_areThoseOfTheFirstMessage() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "await", "senders");
                TestClient client = connect(
                        path, SendCredentialsHandler.builder().as(8, 9, 1).build())) {
            Sum filled = new Sum();
            client.onEventLoop(() -> {
                fill(client.channel(), filled);
                client.channel().writeAndFlush(text("end"));
                client.channel().writeAndFlush(text("!")).addListener(done -> client.channel()
                        .close());
            });
            peer.go();
            assertThat(peer.line()).isEqualTo("0 0 " + OWN_PID + " " + filled.bytes);
            assertThat(peer.line()).isEqualTo("8 9 1 3");
            assertThat(peer.line()).isEqualTo("0 0 " + OWN_PID + " 1");
            assertThat(peer.line()).isEqualTo("end");
        }
    }

    /** The descriptors that are open when those of the class path, which come once, are. */
    private long openWhenWarm() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "sum");
                TestClient client = connect(path, new SendCredentialsHandler())) {
            assertSent(client.channel().writeAndFlush(text("x")));
            client.channel().close();
            peer.line();
        }
        return Descriptors.open();
    }

    private enum End {
        CLOSE,
        REMOVE,
        PEER_CLOSES,
        SHUT_DOWN
    }

    @ParameterizedTest
    @EnumSource(End.class)
    void endWhileItWaits_failsWhatIsHeld_andLeavesNothing(End end) {
        Path path = TestServer.newPath();
        long before = openWhenWarm();
        ByteBuf held = pattern(100, 1);
        String[] script = {"passcred", "accept", "await", end == End.PEER_CLOSES ? "passcred" : "sum"};
        try (Peer peer = Goon.listening(path, script);
                TestClient client = connect(path, new SendCredentialsHandler())) {
            Sum sum = new Sum();
            List<ChannelFuture> writes = new ArrayList<>();
            client.onEventLoop(() -> {
                fill(client.channel(), sum);
                writes.add(client.channel().writeAndFlush(held));
                writes.add(client.channel().write(text("b")));
            });
            switch (end) {
                case CLOSE -> client.channel().close();
                case REMOVE -> client.channel().pipeline().remove(SendCredentialsHandler.class);
                case PEER_CLOSES -> peer.go();
                case SHUT_DOWN -> // not at once: with a quiet period of 0, Netty may end the loop without closing its
                    // channels
                    client.channel().eventLoop().shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS);
            }
            for (ChannelFuture write : writes) {
                if (end == End.REMOVE) {
                    assertNotSent(write, Reason.REMOVED, 0);
                } else {
                    assertThat(failureOf(write)).isInstanceOf(IOException.class);
                }
            }
            if (end == End.CLOSE) {
                assertThat(failureOf(writes.get(0))).isInstanceOf(ClosedChannelException.class);
            }
            assertThat(held.refCnt()).isZero();
            if (end == End.REMOVE) {
                client.channel().close();
            }
            if (end != End.PEER_CLOSES) {
                peer.go();
                assertThat(peer.line()).as("what arrives, to the end").isEqualTo(sum.toString());
            }
        }
        await().until(() -> Descriptors.open() <= before);
    }

    @Test
    void handlerAddedLate_sendsAfterWhatWasWrittenBefore() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "await", "sum");
                TestClient client = TestClient.connect(transport(), path.toString(), channel -> {})) {
            Sum sum = new Sum();
            List<ChannelFuture> writes = new ArrayList<>();
            client.onEventLoop(() -> {
                writes.add(client.channel().writeAndFlush(sum.add(pattern(3_000_000, 1))));
                writes.add(client.channel().write(sum.add(pattern(10, 2))));
                client.channel().pipeline().addFirst(new SendCredentialsHandler());
                writes.add(client.channel().writeAndFlush(sum.add(pattern(3_000_000, 3))));
                writes.add(client.channel().writeAndFlush(sum.add(pattern(10, 4))));
            });
            assertThat(client.channel().pipeline().get(SendCredentialsHandler.class))
                    .isNotNull();
            peer.go();
            writes.forEach(AbstractSendCredentialsTest::assertSent);
            await().until(() -> client.channel().pipeline().get(SendCredentialsHandler.class) == null);
            client.channel().close();
            assertThat(peer.line()).isEqualTo(sum.toString());
        }
    }

    @Test
    void cancelledWrite_isNotSent() {
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "passcred", "accept", "receive", "1", "sum");
                TestClient client = connect(
                        path, SendCredentialsHandler.builder().as(1, 1, 1).build())) {
            client.onEventLoop(() -> {
                assertThat(client.channel().write(text("a")).cancel(false)).isTrue();
                client.channel().writeAndFlush(text("b"));
            });
            assertThat(peer.line()).isEqualTo("62 1 1 1");
            client.channel().close();
            assertThat(peer.line()).isEqualTo("0 00000000");
        }
    }

    @Test
    void connectionThatFails_failsWhatIsHeld() {
        List<ChannelFuture> writes = new ArrayList<>();
        assertThat(catchThrowable(() ->
                        TestClient.connect(transport(), TestServer.newPath().toString(), channel -> {
                            channel.pipeline().addLast(new SendCredentialsHandler());
                            channel.eventLoop().execute(() -> writes.add(channel.writeAndFlush(text("x"))));
                        })))
                .isInstanceOf(IOException.class);
        if (!writes.isEmpty()) { // else the loop had closed the channel before that task
            assertThat(failureOf(writes.get(0))).isInstanceOf(ClosedChannelException.class);
        }
    }
}
