// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import com.sun.management.ThreadMXBean;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
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
 * Datagrams with credentials against datagrams without. Each invocation sends one batch to each of the channels, beginning with
 * another one each time, so that whatever else the machine does falls on all of them alike.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class DatagramBenchmark {
    /** Datagrams a batch. */
    static final int DATAGRAMS = 2000;

    /** Bytes a datagram, a line of a log. */
    private static final int SIZE = 200;

    /** What receives. */
    enum Kind {
        /** Netty's channel. */
        PLAIN,
        /** Netty's channel with SO_PASSCRED on and nobody who looks: what the option itself costs. */
        OPTION,
        /** Netty's channel with the handler, which looks before each read. */
        PEEK,
        /** The channel of netty-peercred-epoll. */
        OWN
    }

    private static final Kind[] KINDS = Kind.values();

    /** Sends in a loop in C, waiting for room. A batch ends when the channel has delivered the last datagram. */
    @Benchmark
    public void datagrams(Receiving channels, Counters counters) throws InterruptedException {
        for (int i = 0; i < KINDS.length; i++) {
            Kind kind = KINDS[(i + channels.turn) % KINDS.length];
            int sender = Objects.requireNonNull(channels.senders.get(kind));
            long bytes = channels.allocated();
            long processor = channels.processorNanos();
            long start = System.nanoTime();
            Floor.check(Floor.sendDatagrams(sender, SIZE, DATAGRAMS));
            channels.received.acquire(DATAGRAMS);
            counters.add(
                    kind,
                    System.nanoTime() - start,
                    channels.processorNanos() - processor,
                    channels.allocated() - bytes);
        }
        channels.turn++;
        counters.batches++;
    }

    /** A channel of each kind on one event loop, and a sender to each. */
    @State(Scope.Thread)
    public static class Receiving {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        final Semaphore received = new Semaphore(0);
        final Map<Kind, Integer> senders = new EnumMap<>(Kind.class);
        int turn;

        private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        private final Map<Kind, Path> paths = new EnumMap<>(Kind.class);
        private final long eventLoopThread;

        public Receiving() {
            try {
                eventLoopThread = group.next()
                        .submit(() -> Thread.currentThread().getId())
                        .get();
                for (Kind kind : KINDS) {
                    Path path = Sockets.newPath();
                    paths.put(kind, path);
                    start(kind, path);
                    senders.put(
                            kind,
                            Floor.check(Floor.connectDatagram(path.toString().getBytes(StandardCharsets.UTF_8))));
                }
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        private void start(Kind kind, Path path) {
            Count count = new Count(received);
            new Bootstrap()
                    .group(group)
                    .channel(kind == Kind.OWN ? EpollAttestedDatagramChannel.class : EpollDomainDatagramChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            switch (kind) {
                                case PLAIN -> {}
                                case OPTION ->
                                    Floor.check(Floor.passCredentials(
                                            ((UnixChannel) channel).fd().intValue()));
                                case PEEK, OWN -> channel.pipeline().addLast(new AttestedDatagramHandler());
                            }
                            channel.pipeline().addLast(count);
                        }
                    })
                    .bind(new DomainSocketAddress(path.toString()))
                    .syncUninterruptibly();
        }

        long allocated() {
            return THREADS.getThreadAllocatedBytes(eventLoopThread);
        }

        /** What the event loop has spent: a sender that is as fast as the receiver hides it from the clock. */
        long processorNanos() {
            return THREADS.getThreadCpuTime(eventLoopThread);
        }

        @TearDown
        public void close() throws IOException {
            senders.values().forEach(Floor::close);
            group.shutdownGracefully().syncUninterruptibly();
            for (Path path : paths.values()) {
                Files.deleteIfExists(path);
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
        public double optionNanos;
        public double optionProcessorNanos;
        public double optionBytes;
        public double peekNanos;
        public double peekProcessorNanos;
        public double peekBytes;
        public double ownNanos;
        public double ownProcessorNanos;
        public double ownBytes;

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
                case OPTION -> {
                    optionNanos = medianNanos;
                    optionProcessorNanos = medianProcessorNanos;
                    optionBytes = medianBytes;
                }
                case PEEK -> {
                    peekNanos = medianNanos;
                    peekProcessorNanos = medianProcessorNanos;
                    peekBytes = medianBytes;
                }
                case OWN -> {
                    ownNanos = medianNanos;
                    ownProcessorNanos = medianProcessorNanos;
                    ownBytes = medianBytes;
                }
            }
        }
    }

    @Sharable
    private static final class Count extends ChannelInboundHandlerAdapter {
        private final Semaphore received;
        private int count;

        Count(Semaphore received) {
            this.received = received;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ReferenceCountUtil.release(msg);
            count++;
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            received.release(count);
            count = 0;
        }
    }
}
