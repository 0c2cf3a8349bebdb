// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Looks at a file from time to time, and has it read again when it is another. */
final class PolicyWatch implements Runnable {
    private static final String ATTRIBUTES = "unix:dev,ino,size,lastModifiedTime,ctime,mode,uid";

    private final Path file;
    private final Runnable onChange;

    /** What it looked like when it was last read; nothing if it could not be seen. */
    private Map<String, Object> last;

    private PolicyWatch(Path file, Runnable onChange) {
        this.file = file;
        this.onChange = onChange;
        this.last = Map.of(); // it may have changed since it was read, so the first look reads it again
    }

    static AutoCloseable start(Path file, ScheduledExecutorService executor, Duration interval, Runnable onChange) {
        if (interval.isNegative() || interval.isZero()) {
            throw new IllegalArgumentException("interval: " + interval);
        }
        Future<?> task = executor.scheduleWithFixedDelay(
                new PolicyWatch(file, onChange), 0, interval.toNanos(), TimeUnit.NANOSECONDS);
        return () -> task.cancel(false);
    }

    @Override
    public void run() {
        try {
            Map<String, Object> now = look(); // before it is read: what changes after is seen next time
            if (!now.equals(last)) {
                last = now;
                onChange.run();
            }
        } catch (Throwable e) { // or it would never be looked at again
            Log.warn("the policy file was not reloaded", e);
        }
    }

    private Map<String, Object> look() {
        try {
            return Files.readAttributes(file, ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            return Map.of("unseen", e.getClass().getName());
        }
    }
}
