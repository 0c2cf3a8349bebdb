// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.util.Objects;
import java.util.OptionalInt;

/**
 * The fact that something is not known, with the reason.
 *
 * @param reason what kind of absence this is, for programs
 * @param message the call that did not answer and what to do about it, one line, for people
 * @param errno the {@code errno} of the call that failed, in this platform's numbering, or empty if none did
 */
public record Absence(AbsenceReason reason, String message, OptionalInt errno) implements PeerCredentialsResult {
    /** Checks that nothing is null. */
    public Absence {
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(errno, "errno");
    }

    /**
     * Makes an absence in which no system call failed.
     *
     * @param reason what kind of absence this is
     * @param message what happened and what to do about it, one line
     */
    public Absence(AbsenceReason reason, String message) {
        this(reason, message, OptionalInt.empty());
    }

    @Override
    public String toString() {
        return reason + ": " + message + (errno.isPresent() ? " (errno " + errno.getAsInt() + ")" : "");
    }
}
