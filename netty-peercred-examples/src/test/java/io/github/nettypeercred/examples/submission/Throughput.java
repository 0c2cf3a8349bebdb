// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.github.nettypeercred.authz.names.Names;
import io.github.nettypeercred.service.ServiceSocket;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** Messages a second, of the example and of the same without credentials, policy, limits and names, in turns. Prints each round and the medians. */
final class Throughput {
    private static final int ROUNDS = 11;
    private static final int CLIENTS = 20;
    private static final int CONNECTIONS = 5;
    private static final int MESSAGES = 20;

    private Throughput() {}

    /** The same server, which takes everybody at their word. */
    private static final class Anybody extends Peers {
        Anybody(PeerAuthorization authorization, PeerLimits limits, Names names) {
            super(authorization, limits, names);
        }

        @Override
        void addHandlers(ChannelPipeline pipeline) {}

        @Override
        boolean mayGoOn(Channel peer) {
            return true;
        }

        @Override
        boolean may(Channel peer, String grant, String action) {
            return true;
        }

        @Override
        boolean owns(Channel peer, String name) {
            return true;
        }

        @Override
        long uidOf(Channel peer) {
            return 0;
        }
    }

    /**
     * Measures.
     *
     * @param arguments a folder that only root and this user may change, on the disk to measure with
     * @throws Exception if that does not work
     */
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory(Path.of(arguments[0]), "throughput");
        PeerPolicy policy = PeerPolicy.parse(
                new String(
                        SubmissionServer.class
                                .getResourceAsStream("policy.toml")
                                .readAllBytes(),
                        US_ASCII),
                "policy.toml");
        PeerLimits limits = PeerLimits.builder()
                .totalConnections(500)
                .messagesPerSecond(1_000_000, 1_000_000, OverLimit.REFUSE)
                .bytesPerSecond(1L << 31, 1L << 31, OverLimit.SLOW)
                .holdReadsWhileUnwritable()
                .build();
        Names names = Names.builder(Executors.newFixedThreadPool(4)).build();
        PeerAuthorization authorization = PeerAuthorization.of(policy);
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
        Path with = serve(folder.resolve("with"), group, new Peers(authorization, limits, names));
        Path without = serve(folder.resolve("without"), group, new Anybody(authorization, limits, names));
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        double[] ratios = new double[ROUNDS];
        for (int i = -4; i < ROUNDS; i++) { // some to warm up, and each first in turn
            double first = round(clients, i % 2 == 0 ? with : without);
            double second = round(clients, i % 2 == 0 ? without : with);
            double ratio = i % 2 == 0 ? first / second : second / first;
            System.out.printf(
                    "%s with %.0f/s without %.0f/s ratio %.3f%n",
                    i < 0 ? "(warm-up)" : "", i % 2 == 0 ? first : second, i % 2 == 0 ? second : first, ratio);
            if (i >= 0) {
                ratios[i] = ratio;
            }
        }
        Arrays.sort(ratios);
        System.out.printf(
                "median ratio %.3f, lowest %.3f, highest %.3f%n", ratios[ROUNDS / 2], ratios[0], ratios[ROUNDS - 1]);
        System.exit(0);
    }

    private static Path serve(Path folder, EventLoopGroup group, Peers peers) throws IOException {
        Files.createDirectories(folder.resolve("entries"));
        ServiceSocket socket = new SubmissionQueue(folder.resolve("entries"), peers, new DefaultEventExecutorGroup(16))
                .serve(folder.resolve("socket"), group, queue -> new LmtpSession(queue, "example.org"));
        return socket.path();
    }

    private static double round(ExecutorService clients, Path socket) throws Exception {
        List<Future<?>> running = new ArrayList<>();
        long began = System.nanoTime();
        for (int i = 0; i < CLIENTS; i++) {
            running.add(clients.submit(() -> {
                for (int j = 0; j < CONNECTIONS; j++) {
                    connection(socket);
                }
                return null;
            }));
        }
        for (Future<?> each : running) {
            each.get();
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        try (Stream<Path> entries = Files.list(socket.resolveSibling("entries"))) {
            List<Path> all = entries.toList();
            if (all.size() != CLIENTS * CONNECTIONS * MESSAGES) {
                throw new IllegalStateException(all.size() + " entries");
            }
            for (Path each : all) {
                Files.delete(each);
            }
        }
        return CLIENTS * CONNECTIONS * MESSAGES / seconds;
    }

    private static void connection(Path socket) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            BufferedReader in = new BufferedReader(Channels.newReader(channel, US_ASCII));
            OutputStream out = Channels.newOutputStream(channel);
            expect(in, "220 ");
            for (int i = 0; i < MESSAGES; i++) {
                say(out, "MAIL FROM:<root@example.org>\r\n");
                expect(in, "250 ");
                say(out, "RCPT TO:<a@b>\r\n");
                expect(in, "250 ");
                say(out, "DATA\r\n");
                expect(in, "354 ");
                say(
                        out,
                        "From: root@example.org\r\nSubject: x\r\n\r\n" + ("x".repeat(70) + "\r\n").repeat(20)
                                + ".\r\n");
                expect(in, "250 ");
            }
        }
    }

    private static void say(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(US_ASCII));
    }

    private static void expect(BufferedReader in, String code) throws IOException {
        String line = in.readLine();
        if (line == null || !line.startsWith(code)) {
            throw new IOException(code + "expected: " + line);
        }
    }
}
