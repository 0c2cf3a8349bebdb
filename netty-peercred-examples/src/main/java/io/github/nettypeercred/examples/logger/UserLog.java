// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What one user has waiting, and its two files. Each has half of the user's bytes; when the younger is full it takes the place of the
 * older. Entries come on any thread, one thread writes.
 */
final class UserLog {
    /** How many lines may wait. Each holds a buffer for the longest. */
    static final int MOST_WAITING = 512;

    private static final int BATCH = 1 << 16;

    private final String user;
    private final Path younger;
    private final Path older;
    private final long half;

    // Guarded by this.
    private final Queue<Entry> waiting = new ArrayDeque<>();
    private final List<Runnable> forRoom = new ArrayList<>();
    private boolean told;
    private long dropped;

    UserLog(Path folder, String user, long quota) {
        this.user = user;
        younger = folder.resolve(user + ".log");
        older = folder.resolve(user + ".log.old");
        half = quota / 2;
    }

    /** Returns whether the writer has to be told. */
    synchronized boolean add(Entry entry) {
        waiting.add(entry);
        boolean tell = !told;
        told = true;
        return tell;
    }

    synchronized boolean hasRoom() {
        return waiting.size() < MOST_WAITING;
    }

    synchronized void drop(long count) {
        dropped += count;
    }

    synchronized void whenRoom(Runnable task) {
        if (hasRoom()) {
            task.run();
        } else {
            forRoom.add(task);
        }
    }

    /** Writes a batch of what waits. */
    void write(Programs programs) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        long count = 0;
        for (Entry entry = poll(); entry != null; entry = lines.size() < BATCH ? poll() : null) {
            try {
                lines.writeBytes(entry.line(programs.of(entry.sender())).getBytes(UTF_8));
            } finally {
                entry.envelope().release();
            }
            count++;
        }
        try {
            append(lines.toByteArray());
        } catch (IOException e) {
            drop(count);
        }
    }

    private synchronized @Nullable Entry poll() {
        return waiting.poll();
    }

    /** Lets those go on who wait for room. Returns whether there is more to write; if not, the writer is to be told again. */
    synchronized boolean goOn() {
        if (hasRoom()) {
            forRoom.forEach(Runnable::run);
            forRoom.clear();
        }
        told = !waiting.isEmpty();
        return told;
    }

    /** Writes how many lines were dropped since this was last called, if any. */
    void writeDropped() {
        long count;
        synchronized (this) {
            count = dropped;
            dropped = 0;
        }
        if (count > 0) {
            try {
                String line =
                        Instant.now() + " logger: received and dropped " + count + " lines of user " + user + '\n';
                append(line.getBytes(UTF_8));
            } catch (IOException e) {
                drop(count);
            }
        }
    }

    private void append(byte[] lines) throws IOException {
        if (Files.exists(younger) && Files.size(younger) + lines.length > half) {
            Files.move(younger, older, StandardCopyOption.REPLACE_EXISTING);
        }
        try (FileChannel file = FileChannel.open(younger, CREATE, WRITE, APPEND)) {
            long size = file.size();
            try {
                ByteBuffer rest = ByteBuffer.wrap(lines);
                while (rest.hasRemaining()) {
                    file.write(rest);
                }
            } catch (IOException e) {
                file.truncate(size); // no half lines
                throw e;
            }
        }
    }
}
