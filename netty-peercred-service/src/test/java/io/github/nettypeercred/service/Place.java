// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A folder for a test's socket that nobody but root and this user can change: not below /tmp. */
final class Place implements AutoCloseable {
    static final Path BASE = isRoot()
            ? Path.of("/run")
            : Path.of(System.getenv().getOrDefault("XDG_RUNTIME_DIR", System.getProperty("user.home")));

    final Path folder;
    final Path path;

    Place() {
        try {
            folder = Files.createTempDirectory(BASE, "netty-peercred-test");
            path = folder.resolve("socket");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** The effective "uid" or "gid" of this process. */
    static long id(String which) {
        try {
            return Integer.toUnsignedLong((Integer) Files.getAttribute(Path.of("/proc/self/task"), "unix:" + which));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void assumeRoot() {
        assumeTrue(isRoot(), "needs root, to start processes under other users");
    }

    /** Leaves a socket there that nobody listens on. */
    void makeStale() {
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<String> files() {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int listenerPid() {
        try (RunningService running = RunningService.find(path)) {
            return running.pid().orElseThrow();
        } catch (ServiceSocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted((one, other) -> other.compareTo(one)).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
