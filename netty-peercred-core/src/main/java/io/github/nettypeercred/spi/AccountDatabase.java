// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.Answer;

/**
 * The system's own database of users and groups, through getpwuid_r(3) and getgrgid_r(3), so that NSS, LDAP and the like
 * count. Found by {@link java.util.ServiceLoader}.
 *
 * <p><strong>Every method may block</strong>, on a directory server for as long as it likes: never call one on an event
 * loop. A name is derived, not attested: decide by ids.
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
}
