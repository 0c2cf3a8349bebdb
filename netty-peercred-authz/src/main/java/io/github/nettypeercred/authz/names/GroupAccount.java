// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.names;

import java.util.Objects;

/**
 * A group as the account database had it at some time: <strong>derived, not attested</strong>.
 *
 * @param gid 0 to 2^32-2
 * @param name the name, which may hold any characters at all: escape it before printing
 */
public record GroupAccount(long gid, String name) {
    /** Checks that the name is not null. */
    public GroupAccount {
        Objects.requireNonNull(name, "name");
    }
}
