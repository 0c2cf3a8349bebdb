// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

/**
 * The ids of a process at the moment of asking, which may differ from those it had when it connected. User and group ids
 * are unsigned 32-bit numbers.
 *
 * @param pid its process id in this pid namespace
 * @param parentPid its parent's process id in this pid namespace, 0 if not visible
 * @param realUid its real user id
 * @param effectiveUid its effective user id
 * @param savedUid its saved set-user-id
 * @param realGid its real group id
 * @param effectiveGid its effective group id
 * @param savedGid its saved set-group-id
 */
public record ProcessIds(
        int pid,
        int parentPid,
        long realUid,
        long effectiveUid,
        long savedUid,
        long realGid,
        long effectiveGid,
        long savedGid) {}
