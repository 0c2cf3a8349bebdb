// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.names;

import java.util.Objects;

/**
 * A user as the account database had it at some time: <strong>derived, not attested</strong>. Two names may have one id, and a name another
 * id tomorrow: show it, and decide by ids.
 *
 * @param uid 0 to 2^32-2
 * @param name the name, which may hold any characters at all: escape it before printing
 */
public record UserAccount(long uid, String name) {
    /** Checks that the name is not null. */
    public UserAccount {
        Objects.requireNonNull(name, "name");
    }
}
