// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server in a process of its own, which does what it reads, a line each, and prints what came of it. With {@code pause} it says "at STEP"
 * before each step and goes on at a line "go".
 *
 * <pre>
 * take PATH [pause] [takeover] [offer] [mode=OCTAL] [owner=UID] [group=GID] [backlog=N]
 * serve [paused]  accept connections, or not yet; each is told the process id
 * close       give the path up
 * fds         count the descriptors of sockets, of their files, folders and locks
 * signal PATH send SIGTERM to who serves a path
 * </pre>
 */
final class Starter {
    private @Nullable ServiceSocket socket;

    private Starter() {}

    public static void main(String[] arguments) throws IOException {
        FileChannel.open(Path.of("/dev/null")).close(); // for this Java keeps a socket of its own
        Starter starter = new Starter();
        try {
            say("there " + ProcessHandle.current().pid());
            for (String line : arguments) {
                starter.act(line);
            }
            while (true) {
                starter.act(line());
            }
        } catch (Throwable t) {
            t.printStackTrace();
            System.exit(3);
        }
    }

    /** Reads a line in the thread that acts on it: each thread more that has to wake up is felt in thousands of steps. */
    private static String line() throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int next = System.in.read();
            if (next < 0) {
                System.exit(0); // the test has gone
            }
            if (next == '\n') {
                return line.toString();
            }
            line.append((char) next);
        }
    }

    private void act(String line) throws Exception {
        String[] words = line.split(" ", -1);
        switch (words[0]) {
            case "take" -> take(Path.of(words[1]), Arrays.asList(words).subList(2, words.length));
            case "serve" -> serve(words.length == 1);
            case "close" -> {
                Objects.requireNonNull(socket).close();
                say("closed");
            }
            case "signal" -> signal(Path.of(words[1]));
            case "fds" -> say("fds " + descriptors());
            default -> say("unknown " + words[0]);
        }
    }

    private static long descriptors() throws Exception {
        long count = 0;
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path fd : all.toList()) {
                if (Files.isSymbolicLink(fd)) { // not that of the list itself
                    String target = Files.readSymbolicLink(fd).toString();
                    count +=
                            target.startsWith("socket:") || target.startsWith(Place.BASE.toString() + "/netty") ? 1 : 0;
                }
            }
        }
        return count;
    }

    private void take(Path path, List<String> options) {
        ServiceSocket.Builder builder = ServiceSocket.builder(path);
        for (String option : options) {
            String value = option.substring(option.indexOf('=') + 1);
            switch (option.replaceFirst("=.*", "")) {
                case "pause" -> {
                    builder.observer = this::pause;
                    builder.lockPause = Duration.ZERO; // the test says when it is worth another attempt
                }
                case "takeover" -> builder.takeOver();
                case "offer" -> builder.offerHandOver();
                case "mode" -> builder.mode(Integer.parseInt(value, 8));
                case "owner" -> builder.owner(Long.parseLong(value));
                case "group" -> builder.group(Long.parseLong(value));
                case "backlog" -> builder.backlog(Integer.parseInt(value));
                default -> throw new IllegalArgumentException(option);
            }
        }
        try {
            ServiceSocket taken = builder.take();
            socket = taken;
            say("taken " + taken.origin());
        } catch (ServiceSocketException e) {
            int pid = e.servedBy()
                    .map(ServedBy::pid)
                    .map(known -> known.orElse(0))
                    .orElse(-1);
            say("refused " + e.reason() + " " + pid + " " + e.getMessage());
        }
    }

    private static void signal(Path path) {
        try (RunningService running = RunningService.find(path)) {
            running.signal(15);
            say("signalled");
        } catch (ServiceSocketException e) {
            say("refused " + e.reason() + " " + e.getMessage());
        }
    }

    private void pause(Step step) {
        say("at " + step);
        try {
            String line = line();
            if (!line.equals("go")) {
                throw new IllegalStateException(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve(boolean accepts) throws Exception {
        ServiceSocket taken = Objects.requireNonNull(socket);
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .option(ChannelOption.AUTO_READ, accepts)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Teller());
                    }
                });
        taken.serve(bootstrap).sync();
        taken.handedOver().thenRun(() -> say("handed over"));
        say("serves");
    }

    /** Tells its process id to who connects. */
    private static final class Teller extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            String pid = ProcessHandle.current().pid() + "\n";
            ctx.writeAndFlush(Unpooled.copiedBuffer(pid, US_ASCII)).addListener(ChannelFutureListener.CLOSE);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static void say(String line) {
        synchronized (System.out) {
            System.out.println(line);
            System.out.flush();
        }
    }
}
