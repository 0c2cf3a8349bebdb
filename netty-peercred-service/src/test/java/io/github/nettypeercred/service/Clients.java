// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Connects to a path again and again, from two threads, and counts who answered. */
final class Clients implements AutoCloseable {
    final Map<String, Integer> answers = new ConcurrentHashMap<>();
    final Queue<String> failures = new ConcurrentLinkedQueue<>();

    private final Path path;
    private final Thread[] threads = new Thread[2];
    private volatile boolean end;

    Clients(Path path) {
        this.path = path;
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(this::run, "client " + i);
            threads[i].start();
        }
    }

    private void run() {
        while (!end) {
            try {
                answers.merge(ask(path), 1, Integer::sum);
            } catch (IOException e) {
                failures.add(e.toString());
            }
        }
    }

    /** Connects, and returns what the server says. */
    static String ask(Path path) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return answer(channel);
        }
    }

    static String answer(SocketChannel channel) throws IOException {
        ByteBuffer answer = ByteBuffer.allocate(32);
        while (channel.read(answer) >= 0) {
            // to the end
        }
        return new String(answer.array(), 0, answer.position(), US_ASCII).trim();
    }

    void awaitAnswerOf(Child server) {
        await().until(() -> answers.getOrDefault(Integer.toString(server.pid()), 0) > 20);
    }

    @Override
    public void close() {
        end = true;
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
