// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** The sockets and handles of processes that this process has open. */
final class Descriptors {
    private Descriptors() {}

    private static long open() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(Descriptors::counts).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean counts(Path descriptor) {
        try {
            String to = Files.readSymbolicLink(descriptor).toString();
            return to.startsWith("socket:") || to.contains("pidfd");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    /** Their number once it has stayed the same for a moment. */
    static long settled() {
        AtomicLong last = new AtomicLong(-1);
        await().pollInterval(300, TimeUnit.MILLISECONDS).until(() -> last.getAndSet(open()) == open());
        return last.get();
    }

    static void awaitAtMost(long number) {
        await().atMost(20, TimeUnit.SECONDS).until(() -> open() <= number);
    }
}
