// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.Answer;
import java.time.Instant;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Who serves a socket: the process that called listen(2) on it last. Process and user ids are the kernel's word (SO_PEERCRED);
 * executable and start are derived from {@code /proc} and prove nothing.
 *
 * @param pid the process id, empty if not visible in this pid namespace
 * @param uid the effective user id it had then, 0 to 2^32-2
 * @param gid the effective group id it had then, 0 to 2^32-2
 * @param running whether the process still ran a moment ago. If not, another one that inherited the socket serves
 * @param executable the target of {@code /proc/PID/exe}
 * @param since when the process was started
 */
public record ServedBy(
        OptionalInt pid,
        long uid,
        long gid,
        Answer<Boolean> running,
        Answer<String> executable,
        Answer<Instant> since) {
    /** Checks that nothing is null. */
    public ServedBy {
        Objects.requireNonNull(pid, "pid");
        Objects.requireNonNull(running, "running");
        Objects.requireNonNull(executable, "executable");
        Objects.requireNonNull(since, "since");
    }

    /** One line for logs, with nothing in it that another process could shape but printable characters. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("pid ")
                .append(pid.isPresent() ? Integer.toString(pid.getAsInt()) : "not visible here")
                .append(", uid ")
                .append(uid);
        if (executable.value().isPresent()) {
            text.append(", executable ").append(executable);
        }
        if (since.value().isPresent()) {
            text.append(", since ").append(since);
        }
        if (running.value().filter(runs -> !runs).isPresent()) {
            text.append(" (that process has ended; another one that inherited the socket serves)");
        }
        return text.toString();
    }
}
