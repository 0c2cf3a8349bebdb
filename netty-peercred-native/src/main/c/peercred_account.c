// SPDX-License-Identifier: Apache-2.0
//
// Users and groups: getpwuid_r(3), getgrgid_r(3), POSIX, and getgrouplist(3), the same on every system.
#define _GNU_SOURCE // getgrouplist
#include "peercred.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static int status(int error, const void *entry) {
    if (error == ERANGE) return PEERCRED_TOO_SMALL;
    if (entry != NULL) return PEERCRED_OK;
    return error == 0 || error == ENOENT || error == ESRCH ? PEERCRED_NOT_FOUND : -error;
}

// Moves the found name, which lies somewhere in the caller's space, to its beginning.
static int result(int error, const void *entry, const char *found, char *name) {
    if (status(error, entry) == PEERCRED_OK) memmove(name, found, strlen(found) + 1);
    return status(error, entry);
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

int peercred_user_id(const char *name, char *space, size_t capacity, uint32_t *uid, uint32_t *gid) {
    struct passwd found, *entry = NULL;
    int error;
    do {
        error = getpwnam_r(name, &found, space, capacity, &entry);
    } while (error == EINTR);
    *uid = entry ? (uint32_t)entry->pw_uid : 0;
    *gid = entry ? (uint32_t)entry->pw_gid : 0;
    return status(error, entry);
}

int peercred_group_id(const char *name, char *space, size_t capacity, uint32_t *gid) {
    struct group found, *entry = NULL;
    int error;
    do {
        error = getgrnam_r(name, &found, space, capacity, &entry);
    } while (error == EINTR);
    *gid = entry ? (uint32_t)entry->gr_gid : 0;
    return status(error, entry);
}

int peercred_user_groups(const char *name, uint32_t primary, uint32_t *groups, uint32_t *count) {
    _Static_assert(sizeof(gid_t) == sizeof *groups, "gid_t");
    int space = *count > INT32_MAX ? INT32_MAX : (int)*count;
    const int given = space;
    int found = getgrouplist(name, primary, (void *)groups, &space); // macOS has int for gid_t here
    *count = space < 0 ? 0 : (uint32_t)space;
    if (found >= 0) return PEERCRED_OK;
    if (space <= given) *count = (uint32_t)given * 2; // a system that does not say how many it takes
    return PEERCRED_TOO_SMALL;
}

uint32_t peercred_own_uid(void) {
    return (uint32_t)geteuid();
}
