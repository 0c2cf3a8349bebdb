// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import java.time.Instant;
import java.util.Objects;

/**
 * When a process was started. exec(2) does not change it.
 *
 * @param ticks clock ticks since the system was booted, exact: field 22 of {@code /proc/PID/stat}, proc_pid_stat(5)
 * @param time the same on this system's clock, reckoned from a tick of 1/100 s: the clock may have been set since, so compare ticks
 */
public record ProcessStart(long ticks, Instant time) {
    /** Checks that nothing is null. */
    public ProcessStart {
        Objects.requireNonNull(time, "time");
    }
}
