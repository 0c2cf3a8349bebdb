// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Answer;
import java.util.List;
import java.util.Objects;

/**
 * What is said of a peer's process, <strong>derived, not attested</strong>: rules deny by it and never allow, since exec(2) keeps pid,
 * process handle and start time.
 *
 * @param executable the path of the program
 * @param commandLine the words of the command line
 * @param unit the systemd unit
 */
public record ProcessEvidence(Answer<String> executable, Answer<List<String>> commandLine, Answer<String> unit) {
    /** Checks that nothing is null. */
    public ProcessEvidence {
        Objects.requireNonNull(executable, "executable");
        Objects.requireNonNull(commandLine, "commandLine");
        Objects.requireNonNull(unit, "unit");
    }
}
