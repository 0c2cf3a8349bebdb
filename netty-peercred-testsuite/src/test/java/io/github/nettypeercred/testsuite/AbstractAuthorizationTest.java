// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.AuthorizedMessage;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAccessEvent;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerAuthorizationListener;
import io.github.nettypeercred.authz.PeerAuthorizer;
import io.github.nettypeercred.authz.PeerDecision;
import io.github.nettypeercred.authz.PeerDecision.Allow;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.PeerUnauthorizedException;
import io.github.nettypeercred.authz.PolicyException;
import io.github.nettypeercred.authz.PolicyReload;
import io.github.nettypeercred.authz.names.Names;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is let in, what that one may do and when it ends, with peers that are other processes under other users. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractAuthorizationTest {
    private static final String GREETING = "hello\n";
    private static final PeerPolicy POLICY = PeerPolicy.builder()
            .deny("suspended", rule -> rule.user(1003))
            .allow("operators", rule -> rule.group(27).grants("submit", "send-as-anyone"))
            .allow("users", rule -> rule.userRange(1000, 1999).grants("submit"))
            .build();

    abstract TestTransport transport();

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: peers under other users need root, and these tests do not run as root");
    }

    /** Says in words what the decision was, greets who is let in, and what came from whom with which grants. */
    private static final class Application extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerAccessEvent event) {
                assertThat(PeerAccess.of(ctx.channel()).generation())
                        .isIn(0L, event.access().generation());
                ctx.fireChannelRead(evt.getClass().getSimpleName() + ": " + event.access());
            } else if (evt instanceof PeerCredentialsEvent.Refused) {
                ctx.fireUserEventTriggered(evt);
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.copiedBuffer(GREETING, UTF_8));
            ctx.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof AuthorizedMessage authorized) {
                AttestedMessage message = (AttestedMessage) authorized.message();
                long uid = message.credentials().orElseThrow().uid();
                String text = ((ByteBuf) message.message()).toString(UTF_8);
                ctx.fireChannelRead(uid + " said " + text + " and may "
                        + new TreeSet<>(authorized.access().grants()));
                authorized.release();
            } else {
                ctx.fireChannelRead(msg);
            }
        }
    }

    private TestServer start(PeerAuthorization authorization) {
        PeerCredentialsHandler.Builder capture =
                PeerCredentialsHandler.builder().groups().process();
        PeerAuthorizationHandler.Builder gate = PeerAuthorizationHandler.builder(authorization)
                .farewell(why -> Unpooled.copiedBuffer(why + "\n", UTF_8));
        return TestServer.start(
                transport(), child -> child.pipeline().addLast(capture.build(), gate.build(), new Application()));
    }

    private static void assertNext(TestServer server, String what) {
        assertThat(server.next().what()).isEqualTo(what);
    }

    @Test
    void peers_getWhatTheirRuleGives_andTheDeniedTheFarewellAlone() {
        PeerAuthorization authorization = PeerAuthorization.of(POLICY);
        try (TestServer server = start(authorization)) {
            try (Peer peer = Peer.start(Peer.as(1000, 100, "5,27", "connect", server.path(), "hear", "close"))) {
                assertNext(server, "Allowed: allowed by rule 'operators', grants send-as-anyone, submit");
                assertNext(server, "active");
                assertNext(server, "inactive");
                assertThat(peer.line()).isEqualTo("hello");
            }
            try (Peer peer = Peer.start(Peer.as(1000, 100, "5", "connect", server.path(), "hear", "close"))) {
                assertNext(server, "Allowed: allowed by rule 'users', grants submit");
                assertNext(server, "active");
                assertNext(server, "inactive");
                assertThat(peer.line()).isEqualTo("hello");
            }
            try (Peer peer = Peer.start(Peer.as(1003, 100, "27", "connect", server.path(), "drain"))) {
                assertNext(server, "Denied: denied by rule 'suspended'");
                assertThat(peer.line()).isEqualTo(Integer.toString("denied by rule 'suspended'\n".length()));
            }
            try (Peer peer = Peer.start(Peer.as(2000, 100, "5", "connect", server.path(), "hear"))) {
                assertNext(server, "Denied: denied: no rule matched");
                assertThat(peer.line()).isEqualTo("denied: no rule matched");
            }
            assertThat(server.sawNothingMore()).isTrue();
        }
        assertThat(authorization.counters())
                .hasToString(
                        "allowed=2 denied=2 refused=0 revoked=0 dropped=0 differed=0 failedWrites=0 stale=0 kept=0");
    }

    /** Answers when the test does. */
    private static final class Directory implements PeerAuthorizer {
        private record Asked(long uid, Promise<PeerDecision> answer) {}

        private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();

        @Override
        public Future<PeerDecision> authorize(PeerEvidence evidence, EventExecutor executor) {
            Promise<PeerDecision> answer = executor.newPromise();
            asked.add(new Asked(
                    Objects.requireNonNull(evidence.connection()).orElseThrow().uid(), answer));
            return answer;
        }

        Asked next() throws InterruptedException {
            Asked next = asked.poll(30, TimeUnit.SECONDS);
            assertThat(next).isNotNull();
            return next;
        }
    }

    @Test
    void deniedClient_readsTheFarewell_thoughItsRequestWasNeverRead() throws Exception {
        Directory directory = new Directory();
        try (TestServer server = start(PeerAuthorization.builder(directory).build());
                Peer peer = Peer.start(Peer.as(
                        1000, 100, "-", "connect", server.path(), "write", "request", "say", "written", "drain"))) {
            Directory.Asked asked = directory.next();
            assertThat(peer.line()).isEqualTo("written");
            asked.answer().setSuccess(new Deny(Reason.RULE, Optional.of("closed"), Optional.empty()));
            assertNext(server, "Denied: denied by rule 'closed'");
            assertThat(peer.line()).isEqualTo(Integer.toString("denied by rule 'closed'\n".length()));
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void reloadBetweenQuestionAndAnswer_hasItAskedAgain_andBroadcastsReachNobodyUndecided() throws Exception {
        Directory directory = new Directory();
        PeerAuthorization authorization = PeerAuthorization.builder(directory).build();
        BlockingQueue<Channel> children = new LinkedBlockingQueue<>();
        try (TestServer server = TestServer.start(transport(), child -> {
                    child.pipeline()
                            .addLast(
                                    new PeerCredentialsHandler(),
                                    new PeerAuthorizationHandler(authorization),
                                    new Application());
                    children.add(child);
                });
                Peer peer = Peer.start(
                        Peer.as(1000, 100, "-", "connect", server.path(), "write", "x", "say", "written", "drain"))) {
            assertThat(peer.line()).isEqualTo("written");
            Directory.Asked first = directory.next();
            assertThat(first.uid()).isEqualTo(1000);
            Channel child = children.take();
            ChannelFuture broadcast = child.writeAndFlush(Unpooled.copiedBuffer("to all", UTF_8));
            assertThat(broadcast.awaitUninterruptibly(30, TimeUnit.SECONDS)).isTrue();
            assertThat(broadcast.cause()).isInstanceOf(PeerUnauthorizedException.class);
            authorization.discardDecisions();
            first.answer().setSuccess(new Allow("before", Set.of("everything")));
            Directory.Asked second = directory.next();
            assertThat(PeerAccess.of(child).has("everything")).isFalse();
            assertThat(server.sawNothingMore()).isTrue();
            second.answer().setSuccess(new Deny(Reason.RULE, Optional.of("after"), Optional.empty()));
            assertNext(server, "Denied: denied by rule 'after'");
            assertThat(peer.line()).isEqualTo("0");
            assertThat(server.sawNothingMore()).isTrue();
            assertThat(authorization.counters().stale()).isEqualTo(1);
        }
    }

    @Test
    void lineThatAnotherEnds_runsWithNobodysGrants() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("root", rule -> rule.root().senderMayDiffer().grants("delete", "submit"))
                .allow("users", rule -> rule.user(1000).senderMayDiffer().grants("submit"))
                .build();
        PeerAuthorization authorization = PeerAuthorization.of(policy);
        Consumer<Channel> pipeline = child -> child.pipeline()
                .addLast(
                        new PeerCredentialsHandler(),
                        EveryReadHandler.builder().allowSenderChange().build(),
                        AttestedDecoder.builder()
                                .decoder(() -> new LineBasedFrameDecoder(1024))
                                .build(),
                        new PeerAuthorizationHandler(authorization),
                        new Application());
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder().firstRead().build(),
                        pipeline);
                Peer peer = Peer.start(
                        "connect",
                        server.path(),
                        "write",
                        "a\n",
                        "await",
                        "sendas",
                        "1000",
                        "1000",
                        "b\n",
                        "await",
                        "sendas",
                        "1000",
                        "1000",
                        "DELETE",
                        "await",
                        "write",
                        "\n",
                        "drain")) {
            assertNext(server, "Allowed: allowed by rule 'root', grants delete, submit");
            assertNext(server, "active");
            assertNext(server, "0 said a and may [delete, submit]");
            peer.go();
            assertNext(server, "1000 said b and may [submit]");
            peer.go();
            peer.go();
            AbstractEveryReadTest.assertRefused(server, AbsenceReason.DIFFERING, "in the middle of a frame");
            assertNext(server, "inactive");
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void deniedSender_amongAllowedOnes_closesTheChannel() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("root", rule -> rule.root().moment(Moment.EVERY_READ).grants("all"))
                .build();
        PeerAuthorization authorization = PeerAuthorization.of(policy);
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder().firstRead().build(),
                        child -> child.pipeline()
                                .addLast(
                                        new PeerCredentialsHandler(),
                                        EveryReadHandler.builder()
                                                .allowSenderChange()
                                                .build(),
                                        AttestedDecoder.builder()
                                                .decoder(() -> new LineBasedFrameDecoder(1024))
                                                .build(),
                                        new PeerAuthorizationHandler(authorization),
                                        new Application()));
                Peer peer = Peer.start(
                        "connect", server.path(), "write", "a\n", "await", "sendas", "1000", "1000", "b\n", "drain")) {
            assertNext(server, "Allowed: allowed by rule 'root', grants all");
            assertNext(server, "active");
            assertNext(server, "0 said a and may [all]");
            peer.go();
            assertNext(server, "Denied: denied: no rule matched");
            assertNext(server, "inactive");
            assertThat(server.sawNothingMore()).isTrue();
        }
    }

    @Test
    void firstRead_isAwaited_whereARuleDemandsIt() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("senders", rule -> rule.userRange(1000, 1999)
                        .moment(Moment.FIRST_READ)
                        .grants("submit"))
                .build();
        PeerAuthorization authorization = PeerAuthorization.of(policy);
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder().firstRead().build(),
                        child -> child.pipeline()
                                .addLast(
                                        PeerCredentialsHandler.builder()
                                                .connectAndFirstRead()
                                                .build(),
                                        new PeerAuthorizationHandler(authorization),
                                        new Application()));
                Peer peer = Peer.start(
                        Peer.as(1000, 100, "-", "connect", server.path(), "await", "write", "x", "hear", "close"))) {
            peer.go();
            assertNext(server, "Allowed: allowed by rule 'senders', grants submit");
            assertNext(server, "active");
            assertNext(server, "read x");
            assertThat(peer.line()).isEqualTo("hello");
        }
    }

    /** Counts the bytes that pass. */
    private static final class Counter extends ChannelInboundHandlerAdapter {
        private final AtomicInteger bytes = new AtomicInteger();
        private final boolean last;

        Counter(boolean last) {
            this.last = last;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            bytes.addAndGet(((ByteBuf) msg).readableBytes());
            if (last) {
                ((ByteBuf) msg).release();
            } else {
                ctx.fireChannelRead(msg);
            }
        }
    }

    @Test
    void fastSender_isNotReadWhileItIsDecided_andLosesNothing() throws Exception {
        int length = 32 << 20;
        BlockingQueue<Promise<PeerDecision>> asked = new LinkedBlockingQueue<>();
        PeerAuthorization authorization = PeerAuthorization.builder((evidence, executor) -> {
                    Promise<PeerDecision> answer = executor.newPromise();
                    if (evidence.message() == null) {
                        answer.setSuccess(new Allow("connected", Set.of()));
                    } else {
                        asked.add(answer);
                    }
                    return answer;
                })
                .build();
        Counter before = new Counter(false);
        Counter behind = new Counter(true);
        try (TestServer server = TestServer.start(
                        transport(),
                        PeerCredentialsAcceptHandler.builder().firstRead().build(),
                        child -> child.pipeline()
                                .addLast(
                                        PeerCredentialsHandler.builder()
                                                .connectAndFirstRead()
                                                .build(),
                                        before,
                                        new PeerAuthorizationHandler(authorization),
                                        behind));
                Peer peer = Peer.start(Peer.as(
                        1000,
                        100,
                        "-",
                        "connect",
                        server.path(),
                        "writemany",
                        Integer.toString(length),
                        "say",
                        "written",
                        "close"))) {
            Promise<PeerDecision> answer = asked.poll(30, TimeUnit.SECONDS);
            assertThat(answer).isNotNull();
            Thread.sleep(500); // in which all of it would be read
            assertThat(before.bytes).hasValueLessThan(1 << 20);
            assertThat(behind.bytes).hasValue(0);
            answer.setSuccess(new Allow("sender", Set.of()));
            assertThat(peer.line()).isEqualTo("written");
            await().atMost(30, TimeUnit.SECONDS).until(() -> behind.bytes.get() == length);
        }
        assertThat(authorization.counters().denied()).isZero();
    }

    @Test
    void connectWriteExec_gainsNoGrant_andLosesAccessWhenDecidedAgain() {
        PeerPolicy policy = PeerPolicy.builder()
                .deny("cat", rule -> rule.executable("/bin/cat", "/usr/bin/cat"))
                .allow("users", rule -> rule.userRange(1000, 1999).grants("submit"))
                .build();
        PeerAuthorization authorization = PeerAuthorization.builder(policy)
                .processFacts(command -> new Thread(command).start())
                .decideAgain()
                .build();
        try (TestServer server = start(authorization);
                Peer peer = Peer.start(
                        Peer.as(1000, 100, "-", "connect", server.path(), "write", "x", "await", "exec", "/bin/cat"))) {
            assertNext(server, "Allowed: allowed by rule 'users', grants submit");
            assertNext(server, "active");
            assertNext(server, "read x");
            peer.go();
            await().atMost(30, TimeUnit.SECONDS)
                    .until(() -> Files.readSymbolicLink(Path.of("/proc/" + peer.pid() + "/exe"))
                            .endsWith("cat"));
            authorization.discardDecisions();
            assertNext(server, "Revoked: denied by rule 'cat'");
            assertNext(server, "inactive");
        }
        assertThat(authorization.counters().revoked()).isEqualTo(1);
    }

    @Test
    void unit_isLookedUp_andARuleThatDeniesByItDeniesNoOther() throws IOException {
        String name =
                "peercred-" + ProcessHandle.current().pid() + "-" + getClass().getSimpleName();
        PeerPolicy policy = PeerPolicy.builder()
                .deny("batch", rule -> rule.unit(name + "-batch.service"))
                .allow("users", rule -> rule.userRange(1000, 1999).grants("submit"))
                .build();
        PeerAuthorization authorization = PeerAuthorization.builder(policy)
                .processFacts(command -> new Thread(command).start())
                .build();
        try (TestServer server = start(authorization);
                ControlGroup other = ControlGroup.make(name + "-other.service");
                ControlGroup batch = ControlGroup.make(name + "-batch.service")) {
            try (Peer peer = other.start(Peer.as(1000, 100, "-", "connect", server.path(), "hear", "close"))) {
                assertNext(server, "Allowed: allowed by rule 'users', grants submit");
                assertNext(server, "active");
                assertNext(server, "inactive");
                assertThat(peer.line()).isEqualTo("hello");
                peer.exit();
            }
            try (Peer peer = batch.start(Peer.as(1000, 100, "-", "connect", server.path(), "hear", "close"))) {
                assertNext(server, "Denied: denied by rule 'batch'");
                assertThat(peer.line()).isEqualTo("denied by rule 'batch'");
                peer.exit();
            }
        }
    }

    @Test
    void groupThatTheDatabaseDoesNotList_isRevokedByAge() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("operators", rule -> rule.group(27).maxAge(1).grants("submit"))
                .build();
        PeerAuthorization authorization = PeerAuthorization.builder(policy)
                .names(Names.builder(command -> new Thread(command).start()).build())
                .build();
        try (TestServer server = start(authorization);
                Peer peer = Peer.start(Peer.as(65534, 65534, "27", "connect", server.path(), "drain"))) {
            assertNext(server, "Allowed: allowed by rule 'operators', grants submit");
            assertNext(server, "active");
            assertNext(server, "Revoked: denied: no rule matched");
            assertNext(server, "inactive");
            assertThat(peer.line()).isEqualTo(Integer.toString(GREETING.length()));
        }
    }

    @Test
    void fileThatChanges_isReloaded_closesWhoLostAccess_andABadOneChangesNothing() throws Exception {
        Path folder = Files.createTempDirectory(Path.of(System.getProperty("user.home")), ".peercred")
                .toRealPath();
        ScheduledExecutorService watcher = Executors.newSingleThreadScheduledExecutor();
        try {
            Path file = write(folder, "[[rule]]\nname = \"users\"\ndecision = \"allow\"\nuser = \"1000-1999\"\n");
            PeerAuthorization authorization =
                    PeerAuthorization.builder(file).decideAgain().build();
            try (TestServer server = start(authorization);
                    Peer peer = Peer.start(Peer.as(1000, 100, "-", "connect", server.path(), "drain"));
                    AutoCloseable watch = authorization.watch(watcher, Duration.ofMillis(50))) {
                assertThat(watch).isNotNull();
                assertNext(server, "Allowed: allowed by rule 'users'");
                assertNext(server, "active");
                write(folder, "[[rule]]\nname = \"users\"\n");
                assertThat(authorization.reload()).isInstanceOf(PolicyReload.Kept.class);
                assertThat(server.sawNothingMore()).isTrue();
                write(folder, "[[rule]]\nname = \"users\"\ndecision = \"allow\"\nuser = 1001\n");
                assertNext(server, "Revoked: denied: no rule matched");
                assertNext(server, "inactive");
                assertThat(peer.line()).isEqualTo(Integer.toString(GREETING.length()));
            }
        } finally {
            watcher.shutdownNow();
            Files.deleteIfExists(folder.resolve("peers.toml"));
            Files.delete(folder);
        }
    }

    @Test
    void fileInAFolderThatOthersMayWrite_isReadAfterTheChmod() throws Exception {
        Path folder = Files.createTempDirectory(Path.of(System.getProperty("user.home")), ".peercred")
                .toRealPath();
        ScheduledExecutorService watcher = Executors.newSingleThreadScheduledExecutor();
        BlockingQueue<String> kept = new LinkedBlockingQueue<>();
        try {
            Path file = write(folder, "[[rule]]\nname = \"before\"\ndecision = \"allow\"\nuser = 1000\n");
            PeerAuthorization authorization = PeerAuthorization.builder(file)
                    .listener(new PeerAuthorizationListener() {
                        @Override
                        public void kept(PolicyException reason) {
                            kept.add(String.valueOf(reason.getMessage()));
                        }
                    })
                    .build();
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxr-x"));
            write(folder, "[[rule]]\nname = \"after\"\ndecision = \"deny\"\nuser = 1000\n");
            try (AutoCloseable watch = authorization.watch(watcher, Duration.ofMillis(50))) {
                assertThat(watch).isNotNull();
                assertThat(kept.poll(30, TimeUnit.SECONDS)).endsWith("chmod go-w " + folder);
                Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
                await().atMost(30, TimeUnit.SECONDS).until(() -> authorization.generation() == 2);
                assertThat(authorization.policy().orElseThrow().rules().get(0).name())
                        .isEqualTo("after");
                assertThat(kept).isEmpty();
            }
        } finally {
            watcher.shutdownNow();
            Files.deleteIfExists(folder.resolve("peers.toml"));
            Files.delete(folder);
        }
    }

    /** Beside it and renamed over it, as an administrator should. */
    private static Path write(Path folder, String policy) throws IOException {
        Path fresh = Files.writeString(folder.resolve("peers.toml.new"), policy);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
        return Files.move(fresh, folder.resolve("peers.toml"), StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void policy_atAccept_closesBeforeThereIsAPipeline() {
        PeerAuthorization authorization = PeerAuthorization.of(POLICY);
        try (TestServer server = TestServer.start(
                transport(),
                PeerCredentialsAcceptHandler.builder()
                        .allowIf(authorization.acceptPredicate())
                        .build(),
                child -> child.pipeline()
                        .addLast(
                                new PeerCredentialsHandler(),
                                new PeerAuthorizationHandler(authorization),
                                new Application()))) {
            try (Peer peer = Peer.start(Peer.as(1003, 100, "-", "connect", server.path(), "drain"))) {
                assertThat(peer.line()).isEqualTo("0");
            }
            assertThat(server.sawNothingMore()).isTrue();
            assertThat(authorization.counters().denied()).isEqualTo(1);
        }
    }

    /** A server of another program, under a user, that counts what it is sent; under strace where that is installed. */
    private static Peer listener(Path path, long uid, Path trace) {
        List<String> command = new ArrayList<>();
        if (Files.isExecutable(Path.of("/usr/bin/strace"))) {
            command.addAll(List.of("/usr/bin/strace", "-e", "trace=read,recvfrom,recvmsg", "-o", trace.toString()));
        }
        command.addAll(
                Peer.command(Peer.as(uid, uid, "-", "listen", path.toString(), "say", "ready", "accept", "drain")));
        return Peer.startProgram(command);
    }

    private ChannelFuture sendSecret(EventLoopGroup group, Path path) {
        PeerPolicy servers =
                PeerPolicy.builder().allow("daemon", rule -> rule.user(1005)).build();
        Channel channel = new Bootstrap()
                .group(group)
                .channel(transport().clientChannel())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel client) {
                        client.pipeline()
                                .addLast(new PeerCredentialsHandler(), PeerAuthorizationHandler.requireServer(servers));
                    }
                })
                .register()
                .syncUninterruptibly()
                .channel();
        ChannelFuture write = channel.writeAndFlush(Unpooled.copiedBuffer("secret", UTF_8));
        channel.connect(new DomainSocketAddress(path.toString()));
        return write.awaitUninterruptibly();
    }

    @Test
    void serverOfAnotherUser_getsNoByte() throws IOException {
        EventLoopGroup group = transport().newGroup(1);
        Path trace = Files.createTempFile("peercred", ".strace");
        try {
            Path wrong = TestServer.newPath();
            try (Peer server = listener(wrong, 1006, trace)) {
                assertThat(server.line()).isEqualTo("ready");
                ChannelFuture write = sendSecret(group, wrong);
                assertThat(write.cause())
                        .isInstanceOf(PeerUnauthorizedException.class)
                        .hasMessageEndingWith("denied: no rule matched");
                assertThat(server.line()).isEqualTo("0");
                server.exit();
                if (Files.size(trace) > 0) {
                    assertThat(Files.readString(trace)).doesNotContain("secret").contains("\"\", 65536) ");
                }
            }
            Path right = TestServer.newPath();
            try (Peer server = listener(right, 1005, trace)) {
                assertThat(server.line()).isEqualTo("ready");
                ChannelFuture write = sendSecret(group, right);
                assertThat(write.isSuccess()).isTrue();
                write.channel().close();
                assertThat(server.line()).isEqualTo(Integer.toString("secret".length()));
                server.exit();
                if (Files.size(trace) > 0) {
                    assertThat(Files.readString(trace)).contains("secret");
                }
            }
        } finally {
            Files.delete(trace);
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
