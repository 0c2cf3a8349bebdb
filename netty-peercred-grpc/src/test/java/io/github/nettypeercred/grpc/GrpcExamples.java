// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** The Java of docs/grpc.md, which shows these lines. */
final class GrpcExamples {
    private static final Map<Long, LongAdder> CALLS = new ConcurrentHashMap<>();

    private GrpcExamples() {}

    static Server start(Path path, BindableService jobs, BindableService health) throws IOException {
        PeerAuthorization authorization = PeerAuthorization.builder(PeerPolicy.builder()
                        .allow("operators", rule -> rule.group("adm").grants("jobs.use", "jobs.cancel"))
                        .allow("everybody", rule -> rule.anyUser().grants("jobs.use"))
                        .build())
                .decideAgain() // about open connections, when the policy is replaced
                .build();
        GrpcPeerCredentials peers = GrpcPeerCredentials.builder(authorization)
                .requireGrant("jobs.Jobs", "jobs.use")
                .requireGrant("jobs.Jobs/Cancel", "jobs.cancel")
                .allow("grpc.health.v1.Health")
                .context()
                .build();
        return peers.forPath(path).addService(jobs).addService(health).build().start();
    }

    static void submit(String job, StreamObserver<String> answers) {
        UnixPeerCredentials caller = GrpcPeer.current().credentials();
        answers.onNext("job of user " + caller.uid());
        answers.onCompleted();
    }

    static void cancelAll(StreamObserver<String> answers) {
        GrpcPeer caller = GrpcPeer.current();
        if (!caller.permits("jobs.cancel-all", "cancel all jobs")) {
            answers.onError(new StatusException(Status.PERMISSION_DENIED));
            return;
        }
        answers.onNext("done");
        answers.onCompleted();
    }

    static final class Account implements ServerInterceptor {
        @Override
        public <Q, S> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
            GrpcPeer.of(call).ifPresent(peer -> count(peer.credentials().uid()));
            return next.startCall(call, headers);
        }
    }

    private static void count(long uid) {
        CALLS.computeIfAbsent(uid, user -> new LongAdder()).increment();
    }

    static NettyServerBuilder onIoUring(
            GrpcPeerCredentials peers, Path path, ServerCredentials tls, EventLoopGroup group) {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(new DomainSocketAddress(path.toString()), tls)
                .bossEventLoopGroup(group)
                .workerEventLoopGroup(group);
        return peers.install(builder, IoUringServerDomainSocketChannel::new);
    }

    static ManagedChannel client(Path path) {
        PeerPolicy server = PeerPolicy.builder()
                .allow("the jobs daemon", rule -> rule.user(991))
                .build();
        return GrpcRequiredServer.forPath(path, server).build();
    }
}
