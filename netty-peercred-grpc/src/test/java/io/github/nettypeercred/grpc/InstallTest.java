// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.iouring.IoUringPeerCredentials;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Builders of the application's own, and the options; the client is this process. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InstallTest {
    private static final PeerPolicy ANYBODY =
            PeerPolicy.builder().allow("everybody", rule -> rule.anyUser()).build();

    private final AtomicReference<@Nullable GrpcPeer> seen = new AtomicReference<>();
    private final AtomicReference<@Nullable SecurityLevel> level = new AtomicReference<>();

    /** What an interceptor of the application's finds. */
    private final class Looking implements ServerInterceptor {
        @Override
        public <Q, S> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
            seen.set(GrpcPeer.of(call).orElse(null));
            level.set(call.getSecurityLevel());
            return next.startCall(call, headers);
        }
    }

    private static GrpcPeerCredentials.Builder peers() {
        return GrpcPeerCredentials.builder(PeerAuthorization.of(ANYBODY)).context();
    }

    private static String call(Served served) {
        ManagedChannel channel =
                GrpcRequiredServer.forPath(served.path, ANYBODY).build();
        try {
            return ClientCalls.blockingUnaryCall(
                    channel, Jobs.SUBMIT, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS), "hello");
        } finally {
            channel.shutdownNow();
        }
    }

    private static void assertServed(Served served) {
        assertThat(call(served)).endsWith(" " + ProcessHandle.current().pid() + " hello");
    }

    private static void assertRefused(Served served, Status.Code code) {
        assertThatThrownBy(() -> call(served)).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(code);
            assertThat(e.getStatus().getDescription()).isNull();
        });
        assertThat(served.jobs.calls).hasValue(0);
    }

    private void withLoops(
            IoHandlerFactory io,
            ChannelFactory<? extends ServerChannel> channels,
            UnaryOperator<NettyServerBuilder> then,
            java.util.function.Consumer<Served> test) {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, io);
        try (Served served = new Served(path -> then.apply(peers().build()
                .install(
                        NettyServerBuilder.forAddress(new DomainSocketAddress(path.toString()))
                                .bossEventLoopGroup(group)
                                .workerEventLoopGroup(group),
                        channels)))) {
            test.accept(served);
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void builder_withItsOwnLoops_serves() {
        withLoops(
                EpollIoHandler.newFactory(),
                EpollServerDomainSocketChannel::new,
                UnaryOperator.identity(),
                InstallTest::assertServed);
    }

    @Test
    void builder_onIoUring_serves() {
        assumeTrue(
                IoUringPeerCredentials.isAvailable(),
                () -> "left out: " + IoUringPeerCredentials.unavailabilityCause());
        withLoops(
                IoUringIoHandler.newFactory(),
                IoUringServerDomainSocketChannel::new,
                UnaryOperator.identity(),
                InstallTest::assertServed);
    }

    @Test
    void builder_whoseChannelFactoryIsSetAgain_servesNobody() {
        withLoops(
                EpollIoHandler.newFactory(),
                EpollServerDomainSocketChannel::new,
                builder -> builder.channelType(EpollServerDomainSocketChannel.class),
                served -> assertRefused(served, Status.Code.UNAUTHENTICATED));
    }

    @Test
    void transport_isCapturedAsThePolicyAsks() {
        PeerPolicy groups = PeerPolicy.builder()
                .allow("wheel", rule -> rule.group(4294967290L))
                .allow("everybody", rule -> rule.anyUser())
                .build();
        PeerAuthorization authorization = PeerAuthorization.of(ANYBODY);
        GrpcPeerCredentials peers =
                GrpcPeerCredentials.builder(authorization).context().build();
        try (Served served = new Served(path -> peers.forPath(path).intercept(new Looking()))) {
            assertServed(served);
            assertThat(peer().credentials().groups()).isNotInstanceOf(Answer.Known.class);
            authorization.replace(groups);
            assertServed(served);
            assertThat(peer().credentials().groups()).isInstanceOf(Answer.Known.class);
            assertThat(peer().access().rule()).contains("everybody");
            assertThat(peer().access().generation()).isEqualTo(2);
        }
    }

    private GrpcPeer peer() {
        return Optional.ofNullable(seen.get()).orElseThrow();
    }

    @Test
    void securityLevel_isWhatWasAskedFor() {
        for (SecurityLevel wanted : new @Nullable SecurityLevel[] {null, SecurityLevel.PRIVACY_AND_INTEGRITY}) {
            GrpcPeerCredentials.Builder builder = peers();
            if (wanted != null) {
                builder.securityLevel(wanted);
            }
            GrpcPeerCredentials peers = builder.build();
            try (Served served = new Served(path -> {
                // Interceptors run in the reverse order: this one behind ours.
                return peers.install(
                        NettyServerBuilder.forAddress(new DomainSocketAddress(path.toString()))
                                .bossEventLoopGroup(SharedLoops.epoll())
                                .workerEventLoopGroup(SharedLoops.epoll())
                                .intercept(new Looking()),
                        EpollServerDomainSocketChannel::new);
            })) {
                assertServed(served);
                assertThat(level.get()).isEqualTo(wanted == null ? SecurityLevel.NONE : wanted);
            }
        }
    }

    @Test
    void shadowMode_letsIn_andGivesNoGrant() {
        PeerAuthorization shadow = PeerAuthorization.builder(PeerPolicy.builder()
                        .allow("somebody else", rule -> rule.user(4294967290L).grants("jobs.use"))
                        .build())
                .shadow()
                .build();
        try (Served served =
                new Served(GrpcPeerCredentials.builder(shadow).context().build()::forPath)) {
            assertServed(served);
        }
        try (Served served = new Served(GrpcPeerCredentials.builder(shadow)
                .requireGrant("jobs.Jobs", "jobs.use")
                .build()::forPath)) {
            assertRefused(served, Status.Code.PERMISSION_DENIED);
        }
    }

    @Test
    void context_isThereOnlyIfAskedFor() {
        try (Served served = new Served(GrpcPeerCredentials.of(PeerAuthorization.of(ANYBODY))::forPath)) {
            assertThatThrownBy(() -> call(served)).isInstanceOfSatisfying(StatusRuntimeException.class, e -> assertThat(
                            e.getStatus().getCode())
                    .isEqualTo(Status.Code.UNKNOWN));
        }
        assertThatThrownBy(GrpcPeer::current)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("context()");
    }
}
