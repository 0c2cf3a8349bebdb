// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** The descriptors that this process has open. */
final class Descriptors {
    private Descriptors() {}

    static long open() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many of them are of processes. */
    static long ofProcesses() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(Descriptors::isOfProcess).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isOfProcess(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("pidfd");
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
}
