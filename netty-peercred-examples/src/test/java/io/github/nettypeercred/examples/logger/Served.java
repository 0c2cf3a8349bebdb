// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.authz.limits.AccountMap;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A log server with folders of its own. */
final class Served implements AutoCloseable {
    final Path folder;
    final String datagram;
    final String stream;
    final LogStore store;

    private final EventLoopGroup datagramLoop = LogServer.newGroup();
    private final EventLoopGroup streamLoop = LogServer.newGroup();
    private final List<Channel> channels;

    Served(long quota, PeerLimits.Builder limits) throws IOException {
        folder = Files.createTempDirectory("peercred-log");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        datagram = folder.resolve("datagram").toString();
        stream = folder.resolve("stream").toString();
        store = new LogStore(folder.resolve("logs"), quota, AccountMap.identity());
        PeerLimits built = limits.accountMap(AccountMap.identity()).build();
        channels = List.of(
                LogServer.datagrams(datagramLoop, Path.of(datagram), store, built),
                LogServer.streams(streamLoop, Path.of(stream), store, built));
    }

    String socket(String kind) {
        return kind.equals("stream") ? stream : datagram;
    }

    /** The lines of a user that are there now, the oldest first. */
    List<String> lines(long user) {
        return lines(folder.resolve("logs"), user);
    }

    static List<String> lines(Path logs, long user) {
        List<String> lines = new ArrayList<>();
        for (String name : List.of(user + ".log.old", user + ".log")) {
            try {
                if (Files.exists(logs.resolve(name))) {
                    lines.addAll(Files.readAllLines(logs.resolve(name), UTF_8));
                }
            } catch (IOException e) {
                lines.clear(); // it was written or took another's place meanwhile
            }
        }
        return lines;
    }

    /** Waits until a user's lines are as they should be, and returns them; a test's time limit ends that. */
    List<String> await(long user, Predicate<List<String>> wanted) throws InterruptedException {
        List<String> lines = lines(user);
        while (!wanted.test(lines)) {
            TimeUnit.MILLISECONDS.sleep(20);
            lines = lines(user);
        }
        return lines;
    }

    /** The one line that a user comes to have. */
    String line(long user) throws InterruptedException {
        return await(user, lines -> !lines.isEmpty()).get(0);
    }

    @Override
    public void close() throws IOException {
        channels.forEach(channel -> channel.close().syncUninterruptibly());
        for (EventLoopGroup group : List.of(datagramLoop, streamLoop)) {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
        store.close();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(each);
            }
        }
    }
}
