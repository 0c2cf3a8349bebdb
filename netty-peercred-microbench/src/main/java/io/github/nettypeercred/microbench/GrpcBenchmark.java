// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import com.sun.management.ThreadMXBean;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.grpc.GrpcPeerCredentials;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Unary calls to a gRPC server with credentials, policy and grants against one without. Each invocation makes one batch on each of the servers,
 * beginning with another one each time, so that whatever else the machine does falls on all of them alike.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class GrpcBenchmark {
    /** Calls a batch. */
    static final int CALLS = 200;

    /** How many of them are under way at once. */
    private static final int AT_ONCE = 20;

    /** What serves. */
    enum Kind {
        /** grpc's own server. */
        PLAIN,
        /** The same, with an interceptor that asks for one attribute. */
        LOOKUP,
        /** A policy of 10 rules, and a grant for the method. */
        GRANTS,
        /** The same, with the peer in the context of each call. */
        CONTEXT
    }

    private static final Kind[] KINDS = Kind.values();

    private static final MethodDescriptor<byte[], byte[]> METHOD = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setFullMethodName("bench.Bench/Call")
            .setType(MethodType.UNARY)
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();

    /** Calls, some at once. A batch ends when the last answer is there. */
    @Benchmark
    public void calls(Serving servers, Counters counters) throws InterruptedException {
        for (int i = 0; i < KINDS.length; i++) {
            Kind kind = KINDS[(i + servers.turn) % KINDS.length];
            ManagedChannel channel = Objects.requireNonNull(servers.channels.get(kind));
            long bytes = servers.allocated();
            long processor = servers.processorNanos();
            long start = System.nanoTime();
            for (int n = 0; n < CALLS; n++) {
                servers.free.acquire();
                ClientCalls.asyncUnaryCall(
                        channel.newCall(METHOD, CallOptions.DEFAULT), servers.request, servers.answered);
            }
            servers.free.acquire(AT_ONCE);
            counters.add(
                    kind, System.nanoTime() - start, servers.processorNanos() - processor, servers.allocated() - bytes);
            servers.free.release(AT_ONCE);
            servers.checkFailures();
        }
        servers.turn++;
        counters.batches++;
    }

    /** A server of each kind on one event loop, and a client of each on another. */
    @State(Scope.Thread)
    public static class Serving {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        final Semaphore free = new Semaphore(AT_ONCE);
        final byte[] request = new byte[32];
        final Map<Kind, ManagedChannel> channels = new EnumMap<>(Kind.class);
        int turn;

        private volatile int failures;
        private final EventLoopGroup serving = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        private final EventLoopGroup calling = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        private final Map<Kind, Server> servers = new EnumMap<>(Kind.class);
        private final Map<Kind, Path> paths = new EnumMap<>(Kind.class);
        private final long eventLoopThread;

        final StreamObserver<byte[]> answered = new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {}

            @Override
            public void onError(Throwable t) {
                failures = 1;
                free.release();
            }

            @Override
            public void onCompleted() {
                free.release();
            }
        };

        public Serving() {
            try {
                eventLoopThread = serving.next()
                        .submit(() -> Thread.currentThread().getId())
                        .get();
                for (Kind kind : KINDS) {
                    Path path = Sockets.newPath();
                    paths.put(kind, path);
                    servers.put(kind, server(kind, path).build().start());
                    channels.put(
                            kind,
                            NettyChannelBuilder.forAddress(new DomainSocketAddress(path.toString()))
                                    .channelType(EpollDomainSocketChannel.class)
                                    .eventLoopGroup(calling)
                                    .directExecutor()
                                    .usePlaintext()
                                    .build());
                }
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        /** All that a server does is done on its event loop, where what it allocates is counted. */
        private NettyServerBuilder server(Kind kind, Path path) {
            NettyServerBuilder builder = NettyServerBuilder.forAddress(new DomainSocketAddress(path.toString()))
                    .bossEventLoopGroup(serving)
                    .workerEventLoopGroup(serving)
                    .directExecutor()
                    .addService(ServerServiceDefinition.builder("bench.Bench")
                            .addMethod(METHOD, ServerCalls.asyncUnaryCall((bytes, observer) -> {
                                observer.onNext(bytes);
                                observer.onCompleted();
                            }))
                            .build());
            return switch (kind) {
                case PLAIN -> builder.channelType(EpollServerDomainSocketChannel.class);
                case LOOKUP ->
                    builder.channelType(EpollServerDomainSocketChannel.class).intercept(new Lookup());
                case GRANTS ->
                    peers().allow("grpc.health.v1.Health")
                            .build()
                            .install(builder, EpollServerDomainSocketChannel::new);
                case CONTEXT -> peers().context().build().install(builder, EpollServerDomainSocketChannel::new);
            };
        }

        private static GrpcPeerCredentials.Builder peers() {
            PeerAuthorization authorization =
                    PeerAuthorization.builder(Servers.policy()).decideAgain().build();
            return GrpcPeerCredentials.builder(authorization).requireGrant(METHOD, "submit");
        }

        void checkFailures() {
            if (failures != 0) {
                throw new IllegalStateException("a call failed");
            }
        }

        long allocated() {
            return THREADS.getThreadAllocatedBytes(eventLoopThread);
        }

        /** What the servers' event loop has spent: the client's share of a call hides it from the clock. */
        long processorNanos() {
            return THREADS.getThreadCpuTime(eventLoopThread);
        }

        @TearDown
        public void close() throws IOException {
            channels.values().forEach(ManagedChannel::shutdownNow);
            servers.values().forEach(Server::shutdownNow);
            calling.shutdownGracefully().syncUninterruptibly();
            serving.shutdownGracefully().syncUninterruptibly();
            for (Path path : paths.values()) {
                Files.deleteIfExists(path);
            }
        }
    }

    /** One look-up, of which the answer is needed. */
    private static final class Lookup implements ServerInterceptor {
        @Override
        public <Q, S> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
            if (call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) == null) {
                throw new IllegalStateException("no address");
            }
            return next.startCall(call, headers);
        }
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The medians of one iteration, by kind: see {@link Totals}. */
    @AuxCounters(AuxCounters.Type.EVENTS)
    @State(Scope.Thread)
    public static class Counters {
        public double plainNanos;
        public double plainProcessorNanos;
        public double plainBytes;
        public double lookupNanos;
        public double lookupProcessorNanos;
        public double lookupBytes;
        public double grantsNanos;
        public double grantsProcessorNanos;
        public double grantsBytes;
        public double contextNanos;
        public double contextProcessorNanos;
        public double contextBytes;

        /** JMH sets it to 0 as an iteration begins. */
        public long batches;

        private final Map<Kind, Samples> nanos = new EnumMap<>(Kind.class);
        private final Map<Kind, Samples> processorNanos = new EnumMap<>(Kind.class);
        private final Map<Kind, Samples> bytes = new EnumMap<>(Kind.class);

        void add(Kind kind, long batchNanos, long batchProcessorNanos, long batchBytes) {
            if (batches == 0) {
                nanos.remove(kind);
                processorNanos.remove(kind);
                bytes.remove(kind);
            }
            double medianNanos = Totals.add(nanos, kind, batchNanos);
            double medianProcessorNanos = Totals.add(processorNanos, kind, batchProcessorNanos);
            double medianBytes = Totals.add(bytes, kind, batchBytes);
            switch (kind) {
                case PLAIN -> {
                    plainNanos = medianNanos;
                    plainProcessorNanos = medianProcessorNanos;
                    plainBytes = medianBytes;
                }
                case LOOKUP -> {
                    lookupNanos = medianNanos;
                    lookupProcessorNanos = medianProcessorNanos;
                    lookupBytes = medianBytes;
                }
                case GRANTS -> {
                    grantsNanos = medianNanos;
                    grantsProcessorNanos = medianProcessorNanos;
                    grantsBytes = medianBytes;
                }
                case CONTEXT -> {
                    contextNanos = medianNanos;
                    contextProcessorNanos = medianProcessorNanos;
                    contextBytes = medianBytes;
                }
            }
        }
    }
}
