// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.Answer;
import java.util.List;

/**
 * The system's own database of users and groups, through getpwuid_r(3), getgrgid_r(3) and their like, so that NSS, LDAP and
 * systemd-homed count. Found by {@link java.util.ServiceLoader}.
 *
 * <p><strong>Every method may block</strong>, on a directory server for as long as it likes: never call one on an event
 * loop. What it says is derived, not attested: decide by ids.
 */
public interface AccountDatabase {
    /**
     * Returns the name of a user.
     *
     * @param uid 0 to 2^32-2
     * @return the name, or {@link io.github.nettypeercred.AbsenceReason#NO_SUCH_ACCOUNT}
     */
    Answer<String> userName(long uid);

    /**
     * Returns the name of a group.
     *
     * @param gid 0 to 2^32-2
     * @return the name, or {@link io.github.nettypeercred.AbsenceReason#NO_SUCH_ACCOUNT}
     */
    Answer<String> groupName(long gid);

    /**
     * Returns the ids of the user of a name: getpwnam_r(3).
     *
     * @param name the name
     * @return the ids, or {@link io.github.nettypeercred.AbsenceReason#NO_SUCH_ACCOUNT}
     */
    Answer<UserIds> userIds(String name);

    /**
     * Returns the id of the group of a name: getgrnam_r(3).
     *
     * @param name the name
     * @return 0 to 2^32-2, or {@link io.github.nettypeercred.AbsenceReason#NO_SUCH_ACCOUNT}
     */
    Answer<Long> groupId(String name);

    /**
     * Returns all groups that a user would have after a login, the primary one among them: getgrouplist(3). That call does not tell
     * a directory that is out of reach from a user who is in no further group.
     *
     * @param name the user's name
     * @return the gids, each 0 to 2^32-2, in ascending order, or {@link
     *     io.github.nettypeercred.AbsenceReason#NO_SUCH_ACCOUNT}
     */
    Answer<List<Long>> groupsOf(String name);

    /**
     * Returns the effective user of this process: geteuid(2).
     *
     * @return 0 to 2^32-2, or why it is unknown
     */
    Answer<Long> ownUid();

    /**
     * The ids of a user in the database.
     *
     * @param uid the user id, 0 to 2^32-2
     * @param gid the id of its primary group, 0 to 2^32-2
     */
    record UserIds(long uid, long gid) {}
}
