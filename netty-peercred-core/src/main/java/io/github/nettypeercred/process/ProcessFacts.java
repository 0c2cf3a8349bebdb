// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import io.github.nettypeercred.Answer;
import java.util.List;
import java.util.Objects;

/**
 * What {@code /proc} said about a peer's process: <strong>derived, not attested</strong>.
 *
 * <p>It was that process's, never a later one's under the same pid. But a process writes its own command line, and exec(2)
 * keeps pid and process handle: a client may connect, write, and then become the program you trust. Show these facts, log
 * them, deny by them; never allow by them. They may hold any characters at all: escape them before printing.
 *
 * @param executable the target of {@code /proc/PID/exe}, with " (deleted)" behind it if the file is gone
 * @param commandLine the words of {@code /proc/PID/cmdline}; none if the process has cleared them
 */
public record ProcessFacts(Answer<String> executable, Answer<List<String>> commandLine) {
    /** Checks that nothing is null. */
    public ProcessFacts {
        Objects.requireNonNull(executable, "executable");
        Objects.requireNonNull(commandLine, "commandLine");
    }
}
