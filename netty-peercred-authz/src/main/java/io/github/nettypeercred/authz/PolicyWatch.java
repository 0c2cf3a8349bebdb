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
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Looks at a file from time to time, and has it read again when it is another, or could not be read the last time. */
final class PolicyWatch implements Runnable {
    private static final String ATTRIBUTES = "unix:dev,ino,size,lastModifiedTime,ctime,mode,uid";

    private final Path file;
    private final Supplier<PolicyReload> reload;
    private final Consumer<PolicyException> told;

    /** What it looked like when it was last read; nothing if it could not be seen. */
    private Map<String, Object> last = Map.of(); // it may have changed since, so the first look reads it again

    /** Why the last reload changed nothing: it may be put right where the file does not show it, such as in a folder above. */
    private @Nullable String failure;

    /**
     * Makes one.
     *
     * @param reload reads the file
     * @param told is told why the policy before stays, once for each reason, until the file changes
     */
    PolicyWatch(Path file, Supplier<PolicyReload> reload, Consumer<PolicyException> told) {
        this.file = file;
        this.reload = reload;
        this.told = told;
    }

    static AutoCloseable start(PolicyWatch watch, ScheduledExecutorService executor, Duration interval) {
        if (interval.isNegative() || interval.isZero()) {
            throw new IllegalArgumentException("interval: " + interval);
        }
        Future<?> task = executor.scheduleWithFixedDelay(watch, 0, interval.toNanos(), TimeUnit.NANOSECONDS);
        return () -> task.cancel(false);
    }

    @Override
    public void run() {
        Map<String, Object> now = look(); // before it is read: what changes after is seen next time
        boolean same = now.equals(last);
        if (same && failure == null) {
            return;
        }
        last = now;
        String before = same ? failure : null;
        try {
            failure = null;
            if (reload.get() instanceof PolicyReload.Kept kept) {
                failure = kept.reason().toString();
                if (!failure.equals(before)) {
                    told.accept(kept.reason());
                }
            }
        } catch (Throwable e) { // or it would never be looked at again
            failure = e.toString();
            if (!failure.equals(before)) {
                Log.warn("the policy file was not reloaded", e);
            }
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
