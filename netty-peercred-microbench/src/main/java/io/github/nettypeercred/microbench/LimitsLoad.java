// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.limits.AccountMap;
import io.github.nettypeercred.authz.limits.Limit;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
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

/**
 * What 1000 clients of 50 users get of an echo server while three others flood it with connections, do not read, and come under 1000
 * subordinate uids: bytes a second with them and without, in turn. Run by {@code limits}, as root.
 */
public final class LimitsLoad {
    private static final int USERS = 50;
    private static final int CONNECTIONS = 20;
    private static final int SIZE = 4096;

    private final String crowd;
    private final int exchanges;
    private final Path folder;

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
        new LimitsLoad(arguments[0], exchanges).run(rounds);
    }

    private void run(int rounds) throws Exception {
        double[] alone = new double[rounds];
        double[] beside = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            alone[round] = bytesASecond(false, round);
            beside[round] = bytesASecond(true, round);
            System.out.printf(
                    "round %d: %.1f MB/s without, %.1f MB/s with the hostile ones%n",
                    round + 1, alone[round] / 1e6, beside[round] / 1e6);
        }
        Arrays.sort(alone);
        Arrays.sort(beside);
        double without = alone[rounds / 2];
        double with = beside[rounds / 2];
        System.out.printf("medians: %.1f and %.1f MB/s, ratio %.2f%n", without / 1e6, with / 1e6, with / without);
        Files.delete(folder);
    }

    /** What all users got together, until the last of them was done. */
    private double bytesASecond(boolean hostile, int round) throws Exception {
        PeerLimits limits = PeerLimits.builder()
                .accountMap(AccountMap.builder().range(300_000, 65_536, 2002).build())
                .totalConnections(4096)
                .connections(100)
                .connectionsPerSecond(100, 200, OverLimit.REFUSE)
                .bytesPerSecond(2 << 20, 1 << 20, OverLimit.SLOW)
                .holdReadsWhileUnwritable()
                .build();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
        Path socket = folder.resolve(round + (hostile ? "h" : "a"));
        List<Process> enemies = new ArrayList<>();
        try {
            Channel server = serve(group, socket, limits);
            if (hostile) {
                enemies.add(start("flood", socket, 2000));
                enemies.add(start("deaf", socket, 2001, 500));
                enemies.add(start("fold", socket, 300_000, 1000));
                while (limits.refusedCount(Limit.CONNECTION_RATE) < 1000) {
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
            return 1.0 * USERS * CONNECTIONS * exchanges * SIZE / seconds;
        } finally {
            for (Process enemy : enemies) {
                enemy.destroyForcibly().waitFor();
            }
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

    private static Channel serve(EventLoopGroup group, Path socket, PeerLimits limits) throws IOException {
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
                        child.pipeline().addLast(new PeerCredentialsHandler(), limits.handler(), new Echo());
                    }
                })
                .bind(new DomainSocketAddress(socket.toFile()))
                .syncUninterruptibly()
                .channel();
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        return server;
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
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
