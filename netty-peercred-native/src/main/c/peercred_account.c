// SPDX-License-Identifier: Apache-2.0
//
// Names of users and groups: getpwuid_r(3), getgrgid_r(3), POSIX, the same on every system.
#define _POSIX_C_SOURCE 200809L
#include "peercred.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

// Moves the found name, which lies somewhere in the caller's space, to its beginning.
static int result(int error, const void *entry, const char *found, char *name) {
    if (error == ERANGE) return PEERCRED_TOO_SMALL;
    if (entry == NULL) return error == 0 || error == ENOENT || error == ESRCH ? PEERCRED_NOT_FOUND : -error;
    memmove(name, found, strlen(found) + 1);
    return PEERCRED_OK;
}

int peercred_user_name(uint32_t uid, char *name, size_t capacity) {
    struct passwd space, *entry = NULL;
    int error;
    do {
        error = getpwuid_r(uid, &space, name, capacity, &entry);
    } while (error == EINTR);
    return result(error, entry, entry ? entry->pw_name : NULL, name);
}

int peercred_group_name(uint32_t gid, char *name, size_t capacity) {
    struct group space, *entry = NULL;
    int error;
    do {
        error = getgrgid_r(gid, &space, name, capacity, &entry);
    } while (error == EINTR);
    return result(error, entry, entry ? entry->gr_name : NULL, name);
}
