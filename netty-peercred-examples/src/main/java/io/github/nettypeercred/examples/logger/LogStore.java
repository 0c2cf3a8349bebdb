// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import io.github.nettypeercred.authz.limits.AccountMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The logs of all users. One thread writes them, a batch of each user in turn; all methods but {@link #close()} may be called on event
 * loops.
 */
final class LogStore implements AutoCloseable {
    /** Two batches: lines of 64 KiB and then the longest, with each byte of its text and of its executable's path escaped. */
    static final long LEAST_QUOTA = 1 << 19;

    private final Path folder;
    private final long quota;
    private final AccountMap accounts;
    private final UserLog unknown;
    private final Map<Long, UserLog> logs = new ConcurrentHashMap<>();
    private final Programs programs = new Programs();
    private final ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor();

    /** Makes a store in a folder, in which each user may have so many bytes. */
    LogStore(Path folder, long quota, AccountMap accounts) throws IOException {
        if (quota < LEAST_QUOTA) {
            throw new IllegalArgumentException("less than " + LEAST_QUOTA + " bytes for a user: " + quota);
        }
        this.folder = Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        this.quota = quota;
        this.accounts = accounts;
        unknown = new UserLog(folder, "unknown", quota);
        writer.scheduleWithFixedDelay(this::writeDropped, 1, 1, TimeUnit.SECONDS);
    }

    private UserLog log(long uid) {
        long account = accounts.accountOf(uid);
        return logs.computeIfAbsent(account, user -> new UserLog(folder, Long.toString(user), quota));
    }

    void add(Entry entry) {
        UserLog log = log(entry.sender().uid());
        if (log.add(entry)) {
            tell(log);
        }
    }

    private void tell(UserLog log) {
        writer.execute(() -> write(log));
    }

    private void write(UserLog log) {
        try {
            log.write(programs);
        } finally {
            if (log.goOn()) {
                tell(log); // behind the others
            }
        }
    }

    /** Returns whether a user has not too many lines waiting. */
    boolean hasRoom(long uid) {
        return log(uid).hasRoom();
    }

    /** Runs a short task when a user has not too many lines waiting, on this or the writing thread. */
    void whenRoom(long uid, Runnable task) {
        log(uid).whenRoom(task);
    }

    /** Counts a line of a user that was received and is not stored. */
    void drop(long uid) {
        log(uid).drop(1);
    }

    /** Counts a line of a sender who has no id in this user namespace. */
    void dropUnknown() {
        unknown.drop(1);
    }

    private void writeDropped() {
        unknown.writeDropped();
        logs.values().forEach(UserLog::writeDropped);
    }

    /** Writes what waits, and ends. Nothing may be added any more. */
    @Override
    public void close() {
        writer.execute(() -> {
            logs.values().forEach(log -> {
                do {
                    log.write(programs);
                } while (log.goOn());
            });
            writeDropped();
        });
        writer.shutdown();
        try {
            writer.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
