// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import java.util.Objects;

/**
 * Whose credentials a transport attaches to what it sends.
 *
 * @param kind which of this process's ids, or those given here
 * @param uid the user id as an unsigned 32-bit number, if given; else 0
 * @param gid the group id as an unsigned 32-bit number, if given; else 0
 * @param pid the process id, 1 or more, if given; 0 for this process's
 */
public record AttachedIds(Kind kind, int uid, int gid, int pid) {
    /** Checks that nothing is null. */
    public AttachedIds {
        Objects.requireNonNull(kind, "kind");
    }

    /** Which ids. */
    public enum Kind {
        /** The real ids of the sending thread. */
        REAL,
        /** Its effective ids. */
        EFFECTIVE,
        /** Its saved ids. */
        SAVED,
        /** Those given. */
        GIVEN
    }

    @Override
    public String toString() {
        return kind == Kind.GIVEN
                ? "uid " + Integer.toUnsignedLong(uid) + ", gid " + Integer.toUnsignedLong(gid) + ", "
                        + (pid == 0 ? "own pid" : "pid " + pid)
                : "the sender's " + kind + " ids";
    }
}
