// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.names;

import java.util.List;
import java.util.Objects;

/**
 * The groups that a user would have after a login, by getgrouplist(3): <strong>derived, not attested</strong>. A process has the groups
 * that it was started with, whatever the database says since; to compare the two is what this is for.
 *
 * @param user the user's name
 * @param gids all groups, the primary one among them, each 0 to 2^32-2, in ascending order
 */
public record Memberships(String user, List<Long> gids) {
    /** Copies the list. */
    public Memberships {
        Objects.requireNonNull(user, "user");
        gids = List.copyOf(gids);
    }

    /**
     * Tells whether a group is among them.
     *
     * @param gid a group id
     * @return whether it is
     */
    public boolean contains(long gid) {
        return gids.contains(gid);
    }
}
