// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.Objects;

/** What a {@linkplain PeerAuthorization#reload() reload} came to. */
public sealed interface PolicyReload {
    /**
     * The file was read, and its policy is in force.
     *
     * @param generation the policy's number
     */
    record Replaced(long generation) implements PolicyReload {}

    /**
     * There is something wrong with the file, and the policy before stays in force.
     *
     * @param reason what is wrong
     */
    record Kept(PolicyException reason) implements PolicyReload {
        /** Checks that nothing is null. */
        public Kept {
            Objects.requireNonNull(reason, "reason");
        }
    }
}
