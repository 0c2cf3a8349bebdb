// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import com.sun.management.ThreadMXBean;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** Servers that differ in nothing but the handler in front, on one event loop. */
final class Servers implements AutoCloseable {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What stands in front of the application's handler. */
    enum Kind {
        /** Nothing. */
        PLAIN,
        /** A handler that captures nothing: it fires an event and leaves, as every handler of its kind must. */
        ONE_SHOT,
        /** Nothing but the bare system call, by one call through JNI that keeps nothing: what any capture has to cost. */
        SYSTEM_CALL,
        /** The default handler. */
        IDS,
        /** The default accept handler, in front of the acceptor, and nothing in the connection's pipeline. */
        ACCEPT,
        /** The same, with limits of every kind behind it, and their handler in the connection's pipeline. */
        LIMITS,
        /** One that captures groups and process too. */
        ALL,
        /** One that captured who sent the first bytes, and the accept handler that goes with it. */
        FIRST_READ,
        /** One that looks who sends at every read, of one sender, and delivers plain bytes. */
        EVERY_READ,
        /** One that looks who sends at every read, of any sender, and delivers envelopes. */
        ENVELOPES,
        /** The default handler, and behind it one that decides by a policy of 10 rules, the last of which lets in. */
        POLICY;

        /** Those whose connections need not send anything. */
        static final Kind[] SILENT = {PLAIN, ONE_SHOT, SYSTEM_CALL, IDS, ACCEPT, LIMITS, ALL, POLICY};

        boolean readsAttested() {
            return this == FIRST_READ || this == EVERY_READ || this == ENVELOPES;
        }
    }

    private final PeerCredentialsHandler.Builder all =
            PeerCredentialsHandler.builder().groups().process();
    private final PeerLimits limits = PeerLimits.builder()
            .connections(1 << 20)
            .connectionsPerSecond(1 << 20, 1 << 20, OverLimit.SLOW)
            .messagesPerSecond(1 << 30, 1 << 30, OverLimit.SLOW)
            .bytesPerSecond(1L << 32, 1L << 32, OverLimit.SLOW)
            .build();
    private final PeerAuthorization authorization = PeerAuthorization.of(policy());
    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final long eventLoopThread;
    private final Map<Kind, Path> paths = new EnumMap<>(Kind.class);

    /** Starts one of each kind, whose connections all get the same handler behind. */
    Servers(ChannelHandler application) throws Exception {
        EpollPeerCredentials.ensureAvailability();
        eventLoopThread =
                group.next().submit(() -> Thread.currentThread().getId()).get();
        for (Kind kind : Kind.values()) {
            Path path = Sockets.newPath();
            paths.put(kind, path);
            ServerBootstrap bootstrap = new ServerBootstrap()
                    .group(group)
                    .channel(EpollServerDomainSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel child) {
                            switch (kind) {
                                case PLAIN, ACCEPT -> {}
                                case LIMITS -> child.pipeline().addLast(limits.handler());
                                case SYSTEM_CALL ->
                                    Floor.check(Floor.loop(
                                            ((EpollDomainSocketChannel) child)
                                                    .fd()
                                                    .intValue(),
                                            0,
                                            1));
                                case ONE_SHOT -> child.pipeline().addLast(new OneShot());
                                case IDS -> child.pipeline().addLast(new PeerCredentialsHandler());
                                case ALL -> child.pipeline().addLast(all.build());
                                case FIRST_READ ->
                                    child.pipeline()
                                            .addLast(PeerCredentialsHandler.builder()
                                                    .firstRead()
                                                    .build());
                                case EVERY_READ ->
                                    child.pipeline()
                                            .addLast(EveryReadHandler.builder()
                                                    .plainBytes()
                                                    .build());
                                case ENVELOPES ->
                                    child.pipeline()
                                            .addLast(EveryReadHandler.builder()
                                                    .allowSenderChange()
                                                    .build());
                                case POLICY ->
                                    child.pipeline()
                                            .addLast(
                                                    new PeerCredentialsHandler(),
                                                    new PeerAuthorizationHandler(authorization));
                            }
                            child.pipeline().addLast(application);
                        }
                    });
            if (kind == Kind.ACCEPT) {
                bootstrap.handler(new PeerCredentialsAcceptHandler());
            } else if (kind == Kind.LIMITS) {
                bootstrap.handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel server) {
                        server.pipeline().addLast(new PeerCredentialsAcceptHandler(), limits.acceptHandler());
                    }
                });
            }
            if (kind.readsAttested()) {
                bootstrap.handler(
                        PeerCredentialsAcceptHandler.builder().firstRead().build());
            }
            bootstrap.bind(new DomainSocketAddress(path.toString())).syncUninterruptibly();
        }
    }

    /** Ten rules, the last of which lets in. */
    static PeerPolicy policy() {
        PeerPolicy.Builder policy = PeerPolicy.builder();
        for (int i = 1; i < 10; i++) {
            long uid = 70_000L + i;
            policy.allow("user " + i, rule -> rule.user(uid).grants("submit"));
        }
        return policy.allow("who runs this", rule -> rule.server().grants("submit"))
                .build();
    }

    private static final class OneShot extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.fireUserEventTriggered(this);
            ctx.fireChannelActive();
            ctx.pipeline().remove(this);
        }
    }

    /** Returns the path of a server, as floor.c takes it. */
    byte[] path(Kind kind) {
        return Objects.requireNonNull(paths.get(kind)).toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Returns how many bytes the event loop has allocated so far. */
    long allocated() {
        return THREADS.getThreadAllocatedBytes(eventLoopThread);
    }

    @Override
    public void close() throws IOException {
        group.shutdownGracefully().syncUninterruptibly();
        for (Path path : paths.values()) {
            Files.deleteIfExists(path);
        }
    }
}
