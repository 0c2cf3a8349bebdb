// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.github.nettypeercred.process.PeerProcess;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What attested datagrams must be on every channel that delivers them; the senders are other processes under other ids. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractDatagramTest {
    private static final String EPERM = "1";

    abstract Class<? extends DomainDatagramChannel> channelType();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    private DatagramServer start() {
        return DatagramServer.start(channelType());
    }

    private DatagramServer start(Consumer<Bootstrap> options) {
        return DatagramServer.start(channelType(), AttestedDatagramHandler.builder(), options);
    }

    private static Peer sender(long uid, String... script) {
        List<String> words = new ArrayList<>(List.of("dgram"));
        words.addAll(List.of(script));
        return Peer.start(Peer.as(uid, uid, "-", words.toArray(new String[0])));
    }

    private static UnixPeerCredentials credentials(DatagramServer.Got got) {
        assertThat(got.credentials()).isInstanceOf(UnixPeerCredentials.class);
        return (UnixPeerCredentials) got.credentials();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1000, 65534, 2147483648L, 4294967290L})
    void ids_ofAnotherProcess_areExact(long id) {
        try (DatagramServer server = start();
                Peer peer = sender(id, "dsend", server.path(), "hello", "await")) {
            DatagramServer.Got got = server.next();
            UnixPeerCredentials credentials = credentials(got);
            assertThat(credentials.uid()).isEqualTo(id);
            assertThat(credentials.gid()).isEqualTo(id);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertThat(credentials.source().mechanism()).isEqualTo(Mechanism.SCM_CREDENTIALS);
            assertThat(credentials.source().moment()).isEqualTo(Moment.DATAGRAM);
            assertThat(credentials.source().ids()).isEqualTo(Ids.SENDER_CHOSEN);
            assertThat(AbstractConnectTest.reason(credentials.groups())).isEqualTo(AbsenceReason.UNSUPPORTED);
            assertThat(AbstractConnectTest.reason(credentials.label())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertThat(AbstractConnectTest.reason(credentials.process())).isEqualTo(AbsenceReason.NOT_REQUESTED);
            assertThat(got.text()).isEqualTo("hello");
            assertThat(got.originalLength()).isEqualTo(5);
            assertThat(got.truncated()).isFalse();
            assertThat(got.sender()).isEmpty();
            assertThat(got.recipient()).isEqualTo(server.path());
        }
    }

    @Test
    void ids_ofTwoSenders_areNotMixedUp() {
        try (DatagramServer server = start();
                Peer first = sender(
                        1000,
                        "await",
                        "dsend",
                        server.path(),
                        "a",
                        "say",
                        "sent",
                        "await",
                        "dsend",
                        server.path(),
                        "c",
                        "await");
                Peer second = sender(2000, "await", "dsend", server.path(), "b", "say", "sent", "await")) {
            first.go();
            assertThat(first.line()).isEqualTo("sent");
            second.go();
            assertThat(second.line()).isEqualTo("sent");
            first.go();
            String seen = "";
            for (int i = 0; i < 3; i++) {
                DatagramServer.Got got = server.next();
                UnixPeerCredentials credentials = credentials(got);
                seen += got.text()
                        + credentials.uid()
                        + (credentials.pid().getAsInt() == first.pid() ? "first " : "second ");
            }
            assertThat(seen).isEqualTo("a1000first b2000second c1000first ");
        }
    }

    @Test
    void names_ofSenders_arrive_andCanBeAnswered() {
        try (DatagramServer server = start(options -> {});
                Peer bound = Peer.start(
                        "dgram", "dbind", server.path() + ".p", "dsend", server.path(), "path", "dhear", "await");
                Peer named = Peer.start(
                        "dgram",
                        "dbind",
                        "@peercred.test." + server.path(),
                        "await",
                        "dsend",
                        server.path(),
                        "name",
                        "dhear",
                        "await");
                Peer given =
                        Peer.start("dgram", "dbind", "", "await", "dsend", server.path(), "auto", "dhear", "await")) {
            DatagramServer.Got got = server.next();
            assertThat(got.sender()).isEqualTo(server.path() + ".p");
            answer(server, got);
            assertThat(bound.line()).isEqualTo("to path");
            named.go();
            got = server.next();
            assertThat(got.sender()).isEqualTo("\0peercred.test." + server.path());
            assertThat(credentials(got).pid()).hasValue(named.pid());
            answer(server, got);
            assertThat(named.line()).isEqualTo("to name");
            given.go();
            got = server.next();
            assertThat(got.sender()).matches("\0[0-9a-f]{5}");
            answer(server, got);
            assertThat(given.line()).isEqualTo("to auto");
        }
    }

    private static void answer(DatagramServer server, DatagramServer.Got got) {
        ByteBuf content = Unpooled.copiedBuffer("to " + got.text(), StandardCharsets.UTF_8);
        server.channel()
                .writeAndFlush(new DomainDatagramPacket(content, new DomainSocketAddress(got.sender())))
                .syncUninterruptibly();
    }

    @Test
    void channel_onAbstractName_isServed() {
        try (DatagramServer server = start()) {
            String name = "peercred.test.server." + server.path();
            BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
            bind(server.group(), "\0" + name, seen);
            try (Peer peer = sender(1000, "dsend", "@" + name, "hello", "await")) {
                AttestedDatagram datagram = (AttestedDatagram) take(seen);
                assertThat(datagram.credentials().orElseThrow().pid()).hasValue(peer.pid());
                assertThat(datagram.recipient().path()).isEqualTo("\0" + name);
                assertThat(datagram.hasSenderAddress()).isFalse();
                assertThat(datagram.release()).isTrue();
            }
        }
    }

    private Channel bind(EventLoopGroup group, String name, BlockingQueue<Object> seen) {
        return new Bootstrap()
                .group(group)
                .channel(channelType())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new AttestedDatagramHandler(), new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                seen.add(msg);
                            }

                            @Override
                            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                                seen.add(cause);
                            }
                        });
                    }
                })
                .bind(new DomainSocketAddress(name))
                .syncUninterruptibly()
                .channel();
    }

    private static Object take(BlockingQueue<Object> seen) {
        try {
            Object taken = seen.poll(30, TimeUnit.SECONDS);
            assertThat(taken).as("something comes within 30 s").isNotNull();
            return taken;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void datagram_sentRightAfterBind_isAttested() {
        try (DatagramServer server = start()) {
            for (int i = 0; i < 200; i++) {
                String name = "\0peercred.test.early." + i + server.path();
                BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
                Channel early = bind(server.group(), name, seen);
                server.channel()
                        .writeAndFlush(new DomainDatagramPacket(
                                Unpooled.copiedBuffer("x", StandardCharsets.UTF_8), new DomainSocketAddress(name)))
                        .syncUninterruptibly();
                AttestedDatagram datagram = (AttestedDatagram) take(seen);
                assertThat(datagram.credentials().orElseThrow().pid())
                        .hasValue((int) ProcessHandle.current().pid());
                datagram.release();
                early.close().syncUninterruptibly();
            }
        }
    }

    @Test
    void datagram_sentBetweenBindAndRead_isAttested() {
        try (DatagramServer server = start(options -> options.option(ChannelOption.AUTO_READ, false));
                Peer peer = sender(1000, "dsend", server.path(), "early", "say", "sent", "await")) {
            assertThat(peer.line()).isEqualTo("sent");
            assertThat(server.sawNothingMore()).isTrue();
            server.channel().read();
            assertThat(credentials(server.next()).pid()).hasValue(peer.pid());
        }
    }

    @Test
    void empty_isAMessage() {
        try (DatagramServer server = start();
                Peer peer = sender(
                        1000,
                        "dsend",
                        server.path(),
                        "",
                        "dsend",
                        server.path(),
                        "x",
                        "dsend",
                        server.path(),
                        "",
                        "await")) {
            for (String text : List.of("", "x", "")) {
                DatagramServer.Got got = server.next();
                assertThat(got.text()).isEqualTo(text);
                assertThat(got.originalLength()).isEqualTo(text.length());
                assertThat(got.truncated()).isFalse();
                assertThat(credentials(got).pid()).hasValue(peer.pid());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2047, 2048, 2049, 65536, 200_000})
    void length_ofALongOne_isExact_andItsLossTold(int length) {
        try (DatagramServer server = start();
                Peer peer = sender(
                        1000,
                        "dfill",
                        server.path(),
                        Integer.toString(length),
                        "dsend",
                        server.path(),
                        "next",
                        "await")) {
            DatagramServer.Got got = server.next();
            assertThat(got.text()).isEqualTo("f".repeat(Math.min(length, 2048)));
            assertThat(got.originalLength()).isEqualTo(length);
            assertThat(got.truncated()).isEqualTo(length > 2048);
            assertThat(credentials(got).pid()).hasValue(peer.pid());
            assertThat(server.next().text()).isEqualTo("next");
        }
    }

    @Test
    void allocator_ofOneByte_losesNoCredential() {
        try (DatagramServer server = start(
                        options -> options.option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(1)));
                Peer peer = sender(
                        1000,
                        "dsend",
                        server.path(),
                        "ab",
                        "dsend",
                        server.path(),
                        "c",
                        "dsend",
                        server.path(),
                        "",
                        "await")) {
            for (String text : List.of("ab", "c", "")) {
                DatagramServer.Got got = server.next();
                assertThat(got.text()).isEqualTo(text.substring(0, Math.min(1, text.length())));
                assertThat(got.originalLength()).isEqualTo(text.length());
                assertThat(got.truncated()).isEqualTo(text.length() > 1);
                assertThat(credentials(got).pid()).hasValue(peer.pid());
            }
        }
    }

    @Test
    void allocator_of256KiB_keepsALongOneWhole() {
        try (DatagramServer server = start(options ->
                        options.option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(256 * 1024)));
                Peer peer = sender(1000, "dfill", server.path(), "200000", "await")) {
            DatagramServer.Got got = server.next();
            assertThat(got.text()).isEqualTo("f".repeat(200_000));
            assertThat(got.truncated()).isFalse();
            assertThat(credentials(got).pid()).hasValue(peer.pid());
        }
    }

    @Test
    void autoReadOff_deliversOneForEachRead() {
        try (DatagramServer server = start(options -> options.option(ChannelOption.AUTO_READ, false));
                Peer peer = sender(
                        1000,
                        "dsend",
                        server.path(),
                        "a",
                        "dsend",
                        server.path(),
                        "b",
                        "dsend",
                        server.path(),
                        "c",
                        "say",
                        "sent",
                        "await")) {
            assertThat(peer.line()).isEqualTo("sent");
            for (String text : List.of("a", "b", "c")) {
                assertThat(server.sawNothingMore()).isTrue();
                server.channel().read();
                DatagramServer.Got got = server.next();
                assertThat(got.text()).isEqualTo(text);
                assertThat(credentials(got).uid()).isEqualTo(1000);
            }
            server.channel().read(); // before there is anything
            assertThat(server.sawNothingMore()).isTrue();
            server.channel().config().setAutoRead(true);
            server.channel().config().setAutoRead(false);
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void process_isOfTheSender_andClosesWithTheLastRelease() {
        BlockingQueue<AttestedDatagram> seen = new LinkedBlockingQueue<>();
        AttestedDatagramHandler.Builder builder =
                AttestedDatagramHandler.builder().senderLabel().senderProcess().admitDescriptors();
        try (DatagramServer server =
                        DatagramServer.start(channelType(), builder, options -> {}, new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                seen.add((AttestedDatagram) msg);
                            }
                        });
                Peer peer = sender(1000, "dsend", server.path(), "x", "drights", server.path(), "253", "1", "await")) {
            for (int i = 0; i < 2; i++) {
                AttestedDatagram datagram = await().until(seen::poll, taken -> taken != null);
                UnixPeerCredentials credentials = datagram.credentials().orElseThrow();
                PeerProcess process = credentials.process().orElseThrow();
                assertThat(process.currentIds().orElseThrow().pid()).isEqualTo(peer.pid());
                assertThat(process.isAlive()).isTrue();
                assertThat(credentials.label().value().isPresent()
                                || AbstractConnectTest.reason(credentials.label()) == AbsenceReason.UNSUPPORTED)
                        .isTrue();
                AttestedDatagram duplicate = datagram.retainedDuplicate();
                AttestedDatagram copy = datagram.copy();
                assertThat(copy.release()).isTrue();
                assertThat(process.isAlive()).isTrue();
                assertThat(datagram.release()).isFalse();
                assertThat(process.isAlive()).isTrue();
                assertThat(duplicate.release()).isTrue();
                assertThatThrownBy(process::isAlive).isInstanceOfSatisfying(AbsentException.class, e -> assertThat(
                                e.absence().reason())
                        .isEqualTo(AbsenceReason.CLOSED));
            }
        }
    }

    @Test
    void sender_thatHasEnded_isStillKnown() {
        try (DatagramServer server = start(options -> options.option(ChannelOption.AUTO_READ, false));
                Peer peer = sender(1000, "dsend", server.path(), "x")) {
            assertThat(peer.exit()).isZero();
            server.channel().read();
            UnixPeerCredentials credentials = credentials(server.next());
            assertThat(credentials.uid()).isEqualTo(1000);
            assertThat(credentials.pid()).hasValue(peer.pid());
        }
    }

    @Test
    void root_thatNamesAnother_isShownAsTheKernelSays_andNobodyElseMay() {
        try (DatagramServer server = start(options -> options.option(ChannelOption.AUTO_READ, false));
                Peer root = Peer.start(
                        "dgram",
                        "dconnect",
                        server.path(),
                        "write",
                        "as root",
                        "sendas",
                        "4294967290",
                        "2147483648",
                        "x",
                        "write",
                        "as root again",
                        "await");
                Peer forger = sender(
                        1000,
                        "await",
                        "dconnect",
                        server.path(),
                        "sendas",
                        "0",
                        "0",
                        "x",
                        "dsend",
                        server.path(),
                        "y",
                        "await")) {
            assertThat(root.line()).isEqualTo("0");
            server.channel().config().setAutoRead(true); // so that all three may be in one burst
            assertThat(credentials(server.next()).uid()).isZero();
            UnixPeerCredentials credentials = credentials(server.next());
            assertThat(credentials.uid()).isEqualTo(4294967290L);
            assertThat(credentials.gid()).isEqualTo(2147483648L);
            assertThat(credentials.pid()).hasValue(root.pid());
            assertThat(credentials(server.next()).uid()).isZero();
            forger.go();
            assertThat(forger.line()).isEqualTo(EPERM);
            DatagramServer.Got got = server.next();
            assertThat(got.text()).isEqualTo("y");
            assertThat(credentials(got).uid()).isEqualTo(1000);
        }
    }

    @Test
    void eventLoop_thatEnds_closesTheChannelAndLosesNoDescriptor() {
        start().close(); // opens what stays open
        long before = Descriptors.open();
        for (int i = 0; i < 20; i++) {
            DatagramServer server = start();
            try (Peer peer = sender(1000, "dsend", server.path(), "x")) {
                assertThat(peer.exit()).isZero();
                assertThat(server.next().text()).isEqualTo("x");
            }
            server.close();
            assertThat(server.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                    .isTrue();
        }
        await().until(() -> Descriptors.open() <= before);
    }

    @Test
    void datagram_sentBeforeTheHandler_hasNoSender() {
        try (DatagramServer server = start()) {
            // A socket that somebody else has bound, as a service manager does, and to which somebody has sent already.
            Socket socket = Socket.newSocketDomainDgram();
            String name = "peercred.test.adopted." + server.path();
            try {
                socket.bind(new DomainSocketAddress("\0" + name));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            try (Peer peer = sender(
                    1000,
                    "dsend",
                    "@" + name,
                    "before",
                    "say",
                    "sent",
                    "await",
                    "dsend",
                    "@" + name,
                    "after",
                    "await")) {
                assertThat(peer.line()).isEqualTo("sent");
                BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
                Channel channel = adopt(socket.intValue());
                channel.pipeline().addLast(new AttestedDatagramHandler(), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        seen.add(msg);
                    }
                });
                server.group().register(channel).syncUninterruptibly();
                AttestedDatagram before = (AttestedDatagram) take(seen);
                assertThat(before.content().toString(StandardCharsets.UTF_8)).isEqualTo("before");
                assertThat(before.credentials().absence().orElseThrow().reason())
                        .isEqualTo(AbsenceReason.RACED);
                peer.go();
                AttestedDatagram after = (AttestedDatagram) take(seen);
                assertThat(after.credentials().orElseThrow().pid()).hasValue(peer.pid());
                before.release();
                after.release();
                channel.close().syncUninterruptibly();
            }
        }
    }

    private Channel adopt(int fd) {
        try {
            return channelType().getConstructor(int.class).newInstance(fd);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void error_thatWaitsInTheSocket_isToldOnce_andTheChannelStays() {
        try (DatagramServer server = start();
                Peer peer = Peer.start(
                        "dgram",
                        "dbind",
                        server.path() + ".p",
                        "say",
                        "bound",
                        "await",
                        "dconnect",
                        server.path(),
                        "say",
                        "connected",
                        "await",
                        "dconnect",
                        server.path() + ".other",
                        "say",
                        "reset",
                        "await",
                        "dsend",
                        server.path(),
                        "x",
                        "await");
                Peer other = Peer.start("dgram", "dbind", server.path() + ".other", "say", "bound", "await")) {
            assertThat(peer.line()).isEqualTo("bound");
            assertThat(other.line()).isEqualTo("bound");
            server.channel()
                    .connect(new DomainSocketAddress(server.path() + ".p"))
                    .syncUninterruptibly();
            peer.go();
            assertThat(peer.line()).isEqualTo("connected");
            server.channel()
                    .writeAndFlush(Unpooled.copiedBuffer("unread", StandardCharsets.UTF_8))
                    .syncUninterruptibly();
            peer.go(); // which connects elsewhere, with something of ours unread: ECONNRESET
            assertThat(peer.line()).isEqualTo("reset");
            assertThat(server.nextEvent()).isInstanceOf(IOException.class);
            assertThat(server.channel().isActive()).isTrue();
            peer.go();
            assertThat(credentials(server.next()).pid()).hasValue(peer.pid());
        }
    }

    @Test
    void connected_bothWays_isServed() {
        try (DatagramServer server = start();
                Peer peer = sender(
                        0,
                        "dbind",
                        server.path() + ".p",
                        "say",
                        "bound",
                        "await",
                        "dsend",
                        server.path(),
                        "x",
                        "dhear",
                        "await")) {
            assertThat(peer.line()).isEqualTo("bound");
            server.channel()
                    .connect(new DomainSocketAddress(server.path() + ".p"))
                    .syncUninterruptibly();
            assertThat(server.channel().remoteAddress()).isEqualTo(new DomainSocketAddress(server.path() + ".p"));
            peer.go();
            DatagramServer.Got got = server.next();
            assertThat(credentials(got).pid()).hasValue(peer.pid());
            assertThat(got.sender()).isEqualTo(server.path() + ".p");
            assertThat(got.recipient()).isEqualTo(server.path());
            server.channel()
                    .writeAndFlush(Unpooled.copiedBuffer("back", StandardCharsets.UTF_8))
                    .syncUninterruptibly();
            assertThat(peer.line()).isEqualTo("back");
        }
    }

    @Test
    void sender_inNamespacesOfItsOwn_isSeenUnderTheIdsOfTheReceivers() {
        try (DatagramServer server = start()) {
            List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=1000", "--regid=100", "--clear-groups"));
            command.addAll(
                    List.of("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"));
            command.addAll(Peer.command("pid", "dgram", "dsend", server.path(), "x", "await"));
            try (Peer peer = Peer.startProgram(command)) {
                assertThat(peer.line()).isEqualTo("1");
                UnixPeerCredentials credentials = credentials(server.next());
                assertThat(credentials.uid()).isEqualTo(1000);
                assertThat(credentials.gid()).isEqualTo(100);
                assertThat(credentials.pid().getAsInt()).isGreaterThan(1);
            }
        }
    }

    @Test
    void server_inNamespacesOfItsOwn_takesNobodyForAnybody() {
        String path = TestServer.newPath().toString();
        List<String> command = new ArrayList<>(
                List.of("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"));
        command.addAll(DatagramChild.command("namespace", channelType().getName(), path));
        try (Peer server = Peer.startProgram(command)) {
            assertThat(server.line()).isEqualTo("ready");
            TestServer.openToAll(Path.of(path));
            for (long uid : new long[] {1000, 65534, 4294967290L}) {
                try (Peer peer = sender(uid, "dsend", path, "x", "await")) {
                    assertThat(peer.pid()).isPositive();
                    assertThat(server.line()).isEqualTo("UNMAPPED x");
                }
            }
            try (Peer peer = sender(0, "dsend", path, "x", "await")) {
                assertThat(peer.pid()).isPositive();
                assertThat(server.line()).startsWith("uid=0 gid=0 source=SCM_CREDENTIALS/DATAGRAM/SENDER_CHOSEN x");
            }
        }
    }

    /** 50 users with 100 sockets each. */
    @Test
    void datagrams_of5000Senders_areAllWholeAndAttestedRight_inTheirOrder() {
        int users = 50;
        int sockets = 100;
        int each = 20;
        Census census = new Census(each);
        List<Peer> peers = new ArrayList<>();
        try (DatagramServer server =
                DatagramServer.start(channelType(), AttestedDatagramHandler.builder(), options -> {}, census)) {
            for (int i = 0; i < users; i++) {
                long uid = i % 5 == 0 ? 4294967200L + i : 3000 + i;
                peers.add(Peer.start(Peer.as(
                        uid,
                        uid + 1,
                        "-",
                        "dburst",
                        server.path(),
                        Integer.toString(sockets),
                        Integer.toString(each))));
            }
            for (Peer peer : peers) {
                assertThat(peer.exit()).isZero();
            }
            await().atMost(60, TimeUnit.SECONDS).until(() -> census.count.get() == users * sockets * each);
            assertThat(census.wrong).isEmpty();
            assertThat(census.next).hasSize(users * sockets);
        } finally {
            peers.forEach(Peer::close);
        }
    }

    @Test
    void datagrams_amongFloods_areAttestedRight() {
        Census census = new Census(50);
        List<Peer> floods = new ArrayList<>();
        try (DatagramServer server =
                DatagramServer.start(channelType(), AttestedDatagramHandler.builder(), options -> {}, census)) {
            for (int i = 0; i < 3; i++) {
                floods.add(sender(5000 + i, "dflood", server.path()));
            }
            try (Peer peer = Peer.start(Peer.as(3000, 3001, "-", "dburst", server.path(), "20", "50"))) {
                assertThat(peer.exit()).isZero();
            }
            await().atMost(60, TimeUnit.SECONDS).until(() -> census.count.get() == 20 * 50);
            assertThat(census.wrong).isEmpty();
            assertThat(census.flooded.get()).isPositive();
        } finally {
            floods.forEach(Peer::close);
        }
    }

    /** Compares what came with what the senders wrote of themselves. */
    private static final class Census extends ChannelInboundHandlerAdapter {
        private static final int LENGTH = 24;
        final AtomicInteger count = new AtomicInteger();
        final AtomicInteger flooded = new AtomicInteger();
        final List<String> wrong = new ArrayList<>();
        final Map<Long, Integer> next = new HashMap<>();
        private final int each;

        Census(int each) {
            this.each = each;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            AttestedDatagram datagram = (AttestedDatagram) msg;
            try {
                check(datagram);
            } finally {
                datagram.release();
            }
        }

        private void check(AttestedDatagram datagram) {
            PeerCredentialsResult result = datagram.credentials();
            ByteBuf content = datagram.content();
            if (content.readableBytes() == 5 && result instanceof UnixPeerCredentials flood) {
                flooded.incrementAndGet();
                if (flood.uid() < 5000 || flood.uid() > 5002) {
                    wrong.add("flood by " + flood);
                }
                return;
            }
            if (content.readableBytes() != LENGTH || !(result instanceof UnixPeerCredentials sender)) {
                wrong.add("not whole or attested: " + datagram);
                return;
            }
            int uid = content.readIntLE();
            int gid = content.readIntLE();
            int pid = content.readIntLE();
            int socket = content.readIntLE();
            int number = content.readIntLE();
            int check = content.readIntLE();
            if (check != ~(uid ^ gid * 3 ^ pid * 5 ^ socket * 7 ^ number * 11)) {
                wrong.add("bytes changed: " + datagram);
            }
            if (sender.uid() != Integer.toUnsignedLong(uid)
                    || sender.gid() != Integer.toUnsignedLong(gid)
                    || sender.pid().orElse(0) != pid) {
                wrong.add(Integer.toUnsignedString(uid) + " is taken for " + sender);
            }
            int expected = next.merge((long) pid << 32 | socket, 1, Integer::sum) - 1;
            if (expected != number || number >= each) {
                wrong.add("out of order: " + number + " in place of " + expected);
            }
            count.incrementAndGet();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void descriptors_passedWith10000Datagrams_stayClosed(boolean process) {
        AttestedDatagramHandler.Builder builder =
                AttestedDatagramHandler.builder().admitDescriptors();
        if (process) {
            builder.senderProcess();
        }
        AtomicInteger count = new AtomicInteger();
        AtomicInteger strange = new AtomicInteger();
        try (DatagramServer server =
                DatagramServer.start(channelType(), builder, options -> {}, new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        AttestedDatagram datagram = (AttestedDatagram) msg;
                        if (!(datagram.credentials() instanceof UnixPeerCredentials peer)
                                || peer.uid() != 1000
                                || peer.process().value().isPresent() != process) {
                            strange.incrementAndGet();
                        }
                        datagram.release();
                        count.incrementAndGet();
                    }
                })) {
            long before = Descriptors.open();
            try (Peer peer = sender(1000, "drights", server.path(), "253", "10000")) {
                assertThat(peer.exit()).isZero();
            }
            await().atMost(60, TimeUnit.SECONDS).until(() -> count.get() == 10_000);
            await().until(() -> Descriptors.open() <= before + 5); // the peer's pipes may still be open
            assertThat(strange).hasValue(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ids", "process"})
    void descriptors_whenThereAreNoneLeft_areNotNeeded(String what) {
        String path = TestServer.newPath().toString();
        List<String> command = new ArrayList<>(List.of("bash", "-c", "ulimit -n 128; exec \"$@\"", "bash"));
        command.addAll(DatagramChild.command("exhausted-" + what, channelType().getName(), path));
        try (Peer server = Peer.startProgram(command)) {
            assertThat(server.line()).isEqualTo("ready");
            TestServer.openToAll(Path.of(path));
            try (Peer peer = sender(
                    1000, "drights", path, "253", "100", "dsend", path, "end", "await", "drights", path, "253", "100",
                    "dsend", path, "end", "await")) {
                String attested = "100 attested" + (what.equals("ids") ? "" : ", 100 without process");
                assertThat(server.line())
                        .startsWith("100 attested"); // while the JVM may open and close something for itself
                peer.go();
                assertThat(server.line()).isEqualTo(attested + ", 0 descriptors more");
            }
        }
    }

    @Test
    void handler_addedAfterTheFirstRead_isRefused() {
        assumeTrue(
                channelType() != EpollAttestedDatagramChannel.class,
                "left out: the other channel does not read without the handler");
        try (DatagramServer server = start()) {
            BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
            String name = "peercred.test.late." + server.path();
            Channel late = new Bootstrap()
                    .group(server.group())
                    .channel(channelType())
                    .handler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object msg) {
                            ((DomainDatagramPacket) msg).release();
                            ctx.pipeline().addLast(new AttestedDatagramHandler(), new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelRead(ChannelHandlerContext to, Object passed) {
                                    seen.add(passed);
                                }

                                @Override
                                public void userEventTriggered(ChannelHandlerContext to, Object event) {
                                    seen.add(event);
                                }
                            });
                            ctx.pipeline().remove(this);
                        }
                    })
                    .bind(new DomainSocketAddress("\0" + name))
                    .syncUninterruptibly()
                    .channel();
            try (Peer peer = sender(1000, "dsend", "@" + name, "a", "await", "dsend", "@" + name, "b", "await")) {
                await().until(() -> late.pipeline().get(AttestedDatagramHandler.class) != null);
                peer.go();
                assertThat(take(seen).toString()).contains("ADDED_LATE");
                assertThat(late.closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                        .isTrue();
                assertThat(seen).isEmpty();
            }
        }
    }

    @Test
    void handler_withAnExecutorOfItsOwn_isRefused() {
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        try (DatagramServer server = start()) {
            Bootstrap bootstrap = new Bootstrap()
                    .group(server.group())
                    .channel(channelType())
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(executors, new AttestedDatagramHandler());
                        }
                    });
            assertThatThrownBy(() -> bootstrap
                            .bind(new DomainSocketAddress("\0peercred.test.executor." + server.path()))
                            .syncUninterruptibly())
                    .isInstanceOfSatisfying(
                            AbsentException.class,
                            e -> assertThat(e.absence().reason()).isEqualTo(AbsenceReason.FOREIGN_EXECUTOR));
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void channel_movedToAnotherEventLoop_goesOn() {
        EventLoopGroup other = TestTransport.of(channelType()).newGroup(1);
        try (DatagramServer server = start();
                Peer peer = sender(
                        1000,
                        "dsend",
                        server.path(),
                        "a",
                        "await",
                        "dsend",
                        server.path(),
                        "b",
                        "say",
                        "sent",
                        "await",
                        "dsend",
                        server.path(),
                        "c",
                        "await")) {
            assertThat(server.next().text()).isEqualTo("a");
            server.channel().deregister().syncUninterruptibly();
            peer.go();
            assertThat(peer.line()).isEqualTo("sent");
            other.register(server.channel()).syncUninterruptibly();
            assertThat(server.next().text()).isEqualTo("b");
            peer.go();
            DatagramServer.Got got = server.next();
            assertThat(got.text()).isEqualTo("c");
            assertThat(credentials(got).pid()).hasValue(peer.pid());
            server.channel().close().syncUninterruptibly();
        } finally {
            other.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void channel_closedByAHandlerInABurst_deliversNothingMore_andLosesNoDescriptor() {
        long before = Descriptors.open();
        for (int i = 0; i < 20; i++) {
            AtomicInteger delivered = new AtomicInteger();
            try (DatagramServer server = DatagramServer.start(
                            channelType(),
                            AttestedDatagramHandler.builder(),
                            options -> options.option(ChannelOption.AUTO_READ, false),
                            new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                    delivered.incrementAndGet();
                                    ((AttestedDatagram) msg).release();
                                    ctx.close();
                                }
                            });
                    Peer peer = sender(
                            1000, "dsend", server.path(), "a", "dsend", server.path(), "b", "say", "sent", "await")) {
                assertThat(peer.line()).isEqualTo("sent");
                server.channel().config().setAutoRead(true);
                assertThat(server.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                        .isTrue();
                assertThat(delivered).hasValue(1);
            }
        }
        await().until(() -> Descriptors.open() <= before + 5);
    }

    @Test
    void descriptors_unlessAdmitted_areEpermToTheSender() {
        try (DatagramServer server =
                        DatagramServer.start(channelType(), AttestedDatagramHandler.builder(), options -> {});
                Peer peer = sender(1000, "drights", server.path(), "1", "1")) {
            int exit = peer.exit();
            assumeTrue(exit != 0, "left out: this kernel has no SO_PASSRIGHTS");
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void process_closesWithItsDatagram_whoeverKeepsTheContent() {
        BlockingQueue<AttestedDatagram> seen = new LinkedBlockingQueue<>();
        try (DatagramServer server = DatagramServer.start(
                        channelType(),
                        AttestedDatagramHandler.builder().senderProcess(),
                        options -> {},
                        new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                seen.add((AttestedDatagram) msg);
                            }
                        });
                Peer peer = sender(1000, "dsend", server.path(), "x", "await")) {
            AttestedDatagram datagram = await().until(seen::poll, taken -> taken != null);
            assertThat(Descriptors.ofProcesses()).isEqualTo(1);
            ByteBuf kept = datagram.content().retain();
            AttestedDatagram duplicate = datagram.retainedDuplicate();
            assertThat(datagram.release()).isFalse();
            assertThat(Descriptors.ofProcesses()).isEqualTo(1);
            assertThat(duplicate.release()).isTrue();
            assertThat(Descriptors.ofProcesses()).isZero();
            assertThat(kept.toString(StandardCharsets.UTF_8)).isEqualTo("x");
            assertThat(kept.release()).isTrue();
            assertThatThrownBy(datagram::content).isInstanceOf(IllegalReferenceCountException.class);
            assertThat(peer.pid()).isPositive();
        }
    }
}
