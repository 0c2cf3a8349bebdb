// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.limits.AccountMap;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/**
 * Measures what the documents say of the logger; no test. {@code LogLoad throughput ROUNDS} compares lines a second with credentials and
 * limits with those of the same server without, in turns. {@code LogLoad stalls SECONDS} floods from 20 processes and has other users send.
 */
final class LogLoad {
    private static final UnixPeerCredentials NOBODY = LogStoreTest.peer(65000);

    private LogLoad() {}

    /** A server to measure. */
    enum Variant {
        DGRAM_PLAIN("dgram") {
            @Override
            Channel start(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) {
                return datagrams(group, path, EpollDomainDatagramChannel.class, new Plain(store));
            }
        },
        DGRAM_EXAMPLE("dgram") {
            @Override
            Channel start(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) throws IOException {
                return LogServer.datagrams(group, path, store, limits);
            }
        },
        DGRAM_WITH_HANDLES("dgram") {
            @Override
            Channel start(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) {
                return datagrams(
                        group,
                        path,
                        EpollAttestedDatagramChannel.class,
                        AttestedDatagramHandler.builder().senderProcess().build(),
                        new DatagramHandler(store, limits));
            }
        },
        STREAM_PLAIN("stream") {
            @Override
            Channel start(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) {
                return new ServerBootstrap()
                        .group(group)
                        .channel(EpollServerDomainSocketChannel.class)
                        .childOption(ChannelOption.AUTO_READ, false)
                        .childHandler(new ChannelInitializer<>() {
                            @Override
                            protected void initChannel(Channel child) {
                                child.pipeline().addLast(new SyslogDecoder(), new Plain(store));
                            }
                        })
                        .bind(new DomainSocketAddress(path.toFile()))
                        .syncUninterruptibly()
                        .channel();
            }
        },
        STREAM_EXAMPLE("stream") {
            @Override
            Channel start(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) throws IOException {
                return LogServer.streams(group, path, store, limits);
            }
        };

        private final String kind;

        Variant(String kind) {
            this.kind = kind;
        }

        abstract Channel start(EventLoopGroup group, Path path, LogStore store, PeerLimits limits) throws IOException;

        static Channel datagrams(
                EventLoopGroup group,
                Path path,
                Class<? extends Channel> channel,
                io.netty.channel.ChannelHandler... handlers) {
            return new Bootstrap()
                    .group(group)
                    .channel(channel)
                    .option(
                            ChannelOption.RECVBUF_ALLOCATOR,
                            new FixedRecvByteBufAllocator(LogServer.MAX_LINE).maxMessagesPerRead(64))
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(handlers);
                        }
                    })
                    .bind(new DomainSocketAddress(path.toFile()))
                    .syncUninterruptibly()
                    .channel();
        }
    }

    /** The handlers of the example, with the same credentials for everybody and no limits. */
    private static final class Plain extends ChannelInboundHandlerAdapter {
        private final LogStore store;

        Plain(LogStore store) {
            this.store = store;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.read();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            boolean datagram = msg instanceof DomainDatagramPacket;
            ByteBuf text = datagram ? ((DomainDatagramPacket) msg).content() : (ByteBuf) msg;
            if (datagram && !store.hasRoom(NOBODY.uid())) {
                store.drop(NOBODY.uid());
                text.release();
            } else {
                store.add(new Entry(Instant.now(), NOBODY, text, 0, text));
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (!ctx.channel().config().isAutoRead()) {
                store.whenRoom(NOBODY.uid(), () -> ctx.executor().execute(ctx::read));
            }
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments[0].equals("throughput")) {
            throughput(Integer.parseInt(arguments[1]));
        } else {
            stalls(arguments[1]);
        }
        System.exit(0);
    }

    private static void throughput(int rounds) throws IOException, InterruptedException {
        Map<Variant, List<Long>> all = new EnumMap<>(Variant.class);
        for (int round = -1; round < rounds; round++) { // the first warms up
            for (Variant variant : Variant.values()) {
                long rate = storedPerSecond(variant);
                if (round >= 0) {
                    all.computeIfAbsent(variant, each -> new ArrayList<>()).add(rate);
                }
            }
        }
        all.forEach((variant, rates) -> {
            List<Long> sorted = rates.stream().sorted().toList();
            System.out.println(variant + ": median " + sorted.get(sorted.size() / 2) + " lines a second, of " + rates);
        });
    }

    private static long storedPerSecond(Variant variant) throws IOException {
        Path folder = Files.createTempDirectory("peercred-load");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path socket = folder.resolve("socket");
        LogStore store = new LogStore(folder.resolve("logs"), 1L << 33, AccountMap.identity());
        PeerLimits limits = PeerLimits.builder()
                .accountMap(AccountMap.identity())
                .totalConnections(1000)
                .messagesPerSecond(1L << 32, 1L << 32, OverLimit.SLOW)
                .bytesPerSecond(1L << 32, 1L << 32, OverLimit.SLOW)
                .build();
        EventLoopGroup group = LogServer.newGroup();
        Channel channel = variant.start(group, socket, store, limits);
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        long start = System.nanoTime();
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(Client.start(
                    65530 + i, Clients.C, variant.kind, socket.toString(), "seconds", "4", "bytes", "120"));
        }
        clients.forEach(Client::output);
        channel.close().syncUninterruptibly();
        group.shutdownGracefully(0, 60, TimeUnit.SECONDS).syncUninterruptibly();
        store.close();
        long nanos = System.nanoTime() - start;
        LongAdder lines = new LongAdder();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path each : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                if (Files.isRegularFile(each)) {
                    try (Stream<String> said = Files.lines(each)) {
                        said.filter(line -> !line.contains(" logger: ")).forEach(line -> lines.increment());
                    }
                }
                Files.delete(each);
            }
        }
        return lines.sum() * 1_000_000_000 / nanos;
    }

    private static void stalls(String seconds) throws IOException {
        for (String floods : List.of("", "nonblocking")) {
            for (String kind : List.of("dgram", "stream")) {
                for (String sends : kind.equals("dgram") ? List.of("", "nonblocking") : List.of("")) {
                    try (Served served = new Served(1 << 28, LogServer.limits())) {
                        client(65530, served, kind, "3", "", "0").output(); // warms up
                        List<Client> flood = new ArrayList<>();
                        for (int i = 0; i < 20; i++) {
                            flood.add(client(65530, served, kind, seconds, floods, "0"));
                        }
                        List<Client> others = new ArrayList<>();
                        for (int i = 1; i <= 3; i++) {
                            others.add(client(65530 + i, served, kind, seconds, sends, "1500"));
                        }
                        System.out.println(kind + ": 20 processes flood " + floods + ", three users send " + sends);
                        others.forEach(each -> System.out.print("  " + each.output()));
                        flood.forEach(Client::end);
                    }
                }
            }
        }
    }

    private static Client client(long user, Served served, String kind, String seconds, String mode, String pause) {
        List<String> words =
                new ArrayList<>(List.of(Clients.C, kind, served.socket(kind), "seconds", seconds, "pause", pause));
        words.addAll(mode.isEmpty() ? List.of() : Arrays.asList(mode));
        return Client.start(user, words.toArray(new String[0]));
    }
}
