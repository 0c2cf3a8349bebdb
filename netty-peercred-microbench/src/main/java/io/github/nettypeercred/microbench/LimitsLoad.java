// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.limits.AccountMap;
import io.github.nettypeercred.authz.limits.Limit;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What 1000 clients of 50 users get of an echo server while four others flood it with connections and with datagrams, do not read, and come
 * under 1000 subordinate uids: bytes a second with them and without, in turn. Once where the 50 are held to less than the server could do, and
 * once where they, and the hostile ones beside them, take all that the machine has. Run by {@code limits}, as root.
 */
public final class LimitsLoad {
    private static final int USERS = 50;
    private static final int CONNECTIONS = 20;
    private static final int SIZE = 4096;
    private static final int DATAGRAM_FLOODER = 2003;

    private final String crowd;
    private final int exchanges;
    private final Path folder;
    private int servers;

    private LimitsLoad(String crowd, int exchanges) throws IOException {
        this.crowd = crowd;
        this.exchanges = exchanges;
        folder = Files.createTempDirectory("limits");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    /**
     * Runs the program.
     *
     * @param arguments the program of crowd.c; the rounds, 5 if left out; and how often each client writes, 100 if left out
     * @throws Exception if a client fails, which none of the 1000 may
     */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
        int exchanges = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 100;
        LimitsLoad load = new LimitsLoad(arguments[0], exchanges);
        load.bytesASecond(true, 1 << 20); // for the compiler
        load.run(rounds, 1 << 20);
        load.run(rounds, 16 << 20);
        Files.delete(load.folder);
    }

    private void run(int rounds, long bytesPerSecond) throws Exception {
        double[] alone = new double[rounds];
        double[] beside = new double[rounds];
        double[] ratios = new double[rounds];
        System.out.printf("each user may send %d MiB a second:%n", bytesPerSecond >> 20);
        for (int round = 0; round < rounds; round++) {
            boolean hostileFirst = round % 2 == 1;
            double first = bytesASecond(hostileFirst, bytesPerSecond);
            double second = bytesASecond(!hostileFirst, bytesPerSecond);
            alone[round] = hostileFirst ? second : first;
            beside[round] = hostileFirst ? first : second;
            ratios[round] = beside[round] / alone[round];
            System.out.printf(
                    "round %d: %.1f MB/s without, %.1f MB/s with the hostile ones, ratio %.2f%n",
                    round + 1, alone[round] / 1e6, beside[round] / 1e6, ratios[round]);
        }
        Arrays.sort(alone);
        Arrays.sort(beside);
        Arrays.sort(ratios);
        System.out.printf(
                "medians: %.1f and %.1f MB/s, ratio %.2f (%.2f to %.2f)%n",
                alone[rounds / 2] / 1e6, beside[rounds / 2] / 1e6, ratios[rounds / 2], ratios[0], ratios[rounds - 1]);
    }

    /** What all users got together, until the last of them was done. */
    private double bytesASecond(boolean hostile, long bytesPerSecond) throws Exception {
        PeerLimits limits = PeerLimits.builder()
                .accountMap(AccountMap.builder().range(300_000, 65_536, 2002).build())
                .totalConnections(4096)
                .connections(100)
                .connectionsPerSecond(100, 200, OverLimit.REFUSE)
                .bytesPerSecond(bytesPerSecond, 1 << 20, OverLimit.SLOW)
                .holdReadsWhileUnwritable()
                .build();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
        Path socket = folder.resolve(Integer.toString(servers++));
        Datagrams datagrams = new Datagrams(limits);
        List<Process> enemies = new ArrayList<>();
        try {
            Channel server = serve(group, socket, limits, datagrams);
            Channel datagramServer = datagrams.serve(group, socket);
            if (hostile) {
                enemies.add(start("flood", socket, 2000));
                enemies.add(start("deaf", socket, 2001, 500));
                enemies.add(start("fold", socket, 300_000, 1000));
                enemies.add(start("datagrams", socket, DATAGRAM_FLOODER));
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
                while (limits.refusedCount(Limit.CONNECTION_RATE) < 1000
                        || limits.refusedCount(Limit.BYTE_RATE) < 1000) {
                    if (System.nanoTime() > deadline) {
                        throw new IllegalStateException("the hostile ones do not come up");
                    }
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
            long start = System.nanoTime();
            List<Process> users = new ArrayList<>();
            for (int user = 0; user < USERS; user++) {
                users.add(start("echo", socket, 3000 + user, CONNECTIONS, exchanges, SIZE));
            }
            for (Process user : users) {
                String said = new String(user.getInputStream().readAllBytes(), UTF_8).trim();
                if (!said.equals(CONNECTIONS * exchanges + " 0")) {
                    throw new IllegalStateException("a client failed: " + said);
                }
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            server.close().sync();
            datagramServer.close().sync();
            return 1.0 * USERS * CONNECTIONS * exchanges * SIZE / seconds;
        } finally {
            for (Process enemy : enemies) {
                enemy.destroyForcibly().waitFor();
            }
            Files.deleteIfExists(Path.of(socket + "d"));
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        }
    }

    private Process start(Object... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(crowd));
        for (Object word : words) {
            command.add(word.toString());
        }
        return new ProcessBuilder(command).redirectError(Redirect.DISCARD).start();
    }

    private static Channel serve(EventLoopGroup group, Path socket, PeerLimits limits, Datagrams datagrams)
            throws IOException {
        Channel server = new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new PeerCredentialsAcceptHandler(), limits.acceptHandler());
                    }
                })
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline().addLast(new PeerCredentialsHandler(), limits.handler(), new Echo(datagrams));
                    }
                })
                .bind(new DomainSocketAddress(socket.toFile()))
                .syncUninterruptibly()
                .channel();
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        return server;
    }

    /** Drops all datagrams, those over the limit a little earlier. Who sends them is taken from a connection of the same user. */
    private static final class Datagrams extends SimpleChannelInboundHandler<DomainDatagramPacket> {
        private final PeerLimits limits;
        private volatile @Nullable UnixPeerCredentials sender;

        Datagrams(PeerLimits limits) {
            this.limits = limits;
        }

        Channel serve(EventLoopGroup group, Path socket) throws IOException {
            Path path = Path.of(socket + "d");
            Channel channel = new Bootstrap()
                    .group(group)
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(this)
                    .bind(new DomainSocketAddress(path.toFile()))
                    .syncUninterruptibly()
                    .channel();
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
            return channel;
        }

        void connected(Channel child) {
            UnixPeerCredentials peer = UnixPeerCredentials.of(child).orElseThrow();
            if (peer.uid() == DATAGRAM_FLOODER) {
                sender = peer;
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DomainDatagramPacket msg) {
            UnixPeerCredentials from = sender;
            if (from != null && !limits.charge(from, 1, msg.content().readableBytes())) {
                return;
            }
            msg.content().skipBytes(msg.content().readableBytes());
        }
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final Datagrams datagrams;

        Echo(Datagrams datagrams) {
            this.datagrams = datagrams;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            datagrams.connected(ctx.channel());
            ctx.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.writeAndFlush(msg);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
