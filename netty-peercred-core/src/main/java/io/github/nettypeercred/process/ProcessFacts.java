// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.Answer;
import java.util.List;
import java.util.Objects;

/**
 * What {@code /proc} said about a peer's process: <strong>derived, not attested</strong>. Source: proc(5), cgroups(7).
 *
 * <p>It was that process's, never a later one's under the same pid. But a process writes its own command line, and exec(2)
 * keeps pid and process handle: a client may connect, write, and then become the program you trust, even between the reading of one
 * fact and the next. Show these facts, log them, deny by them; never allow by them. They may hold any characters at all: escape
 * them before printing.
 *
 * @param executable the target of {@code /proc/PID/exe}, with " (deleted)" behind it if the file is gone; a file may also be
 *     named like that
 * @param commandLine the words of {@code /proc/PID/cmdline}; none if the process has cleared them
 * @param start when the process was started
 * @param cgroup its control group, as a path in this process's cgroup namespace: that of systemd's hierarchy if there is one, else
 *     that of version 2
 * @param unit the unit of the system's systemd that holds the control group, such as {@code cron.service}, {@code session-2.scope}
 *     or, for all of a user's own units, {@code user@1000.service}
 * @param capabilities what it may do beyond others
 */
public record ProcessFacts(
        Answer<String> executable,
        Answer<List<String>> commandLine,
        Answer<ProcessStart> start,
        Answer<String> cgroup,
        Answer<String> unit,
        Answer<ProcessCapabilities> capabilities) {
    /** Checks that nothing is null. */
    public ProcessFacts {
        Objects.requireNonNull(executable, "executable");
        Objects.requireNonNull(commandLine, "commandLine");
        Objects.requireNonNull(start, "start");
        Objects.requireNonNull(cgroup, "cgroup");
        Objects.requireNonNull(unit, "unit");
        Objects.requireNonNull(capabilities, "capabilities");
    }

    static ProcessFacts unknown(Absence why) {
        return new ProcessFacts(
                Answer.unknown(why),
                Answer.unknown(why),
                Answer.unknown(why),
                Answer.unknown(why),
                Answer.unknown(why),
                Answer.unknown(why));
    }
}
