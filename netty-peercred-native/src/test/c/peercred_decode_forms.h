// SPDX-License-Identifier: Apache-2.0
//
// Each decoder by a number, for the tests of all of them.
#ifndef PEERCRED_DECODE_FORMS_H
#define PEERCRED_DECODE_FORMS_H

#include "peercred_decode.h"

#include <stdlib.h>
#include <string.h>

enum form { XUCRED, XUCRED_WITH_PID, UNPCBID, SOCKPEERCRED, FREEBSD, FREEBSD_LOCAL_CREDS, NETBSD, NETBSD_AARCH64, FORMS };

static const struct peercred_control controls[] = {
    {16, 8, 0xffff, 2, {{8, PEERCRED_SOCKCRED2, PEERCRED_SCM_CREDS2}, {3, PEERCRED_CMSGCRED, PEERCRED_SCM_CREDS}}},
    {16, 8, 0xffff, 1, {{3, PEERCRED_SOCKCRED, PEERCRED_SCM_CREDS}}},
    {16, 8, 0xffff, 2, {{16, PEERCRED_SOCKCRED_WITH_PID, PEERCRED_SCM_CREDS}, {4, PEERCRED_SOCKCRED, PEERCRED_SCM_CREDS}}},
    {16, 16, 0xffff, 1, {{16, PEERCRED_SOCKCRED_WITH_PID, PEERCRED_SCM_CREDS}}},
};

// Decodes a copy of just that length, so that a sanitizer sees what is read past it.
static int decode_as(enum form form, bool big_endian, const void *data, size_t length, struct peercred_decoded *out) {
    void *copy = malloc(length == 0 ? 1 : length);
    if (copy == NULL) abort();
    if (length > 0) memcpy(copy, data, length);
    const struct peercred_bytes bytes = {copy, length, big_endian};
    int status;
    memset(out, 0xAA, sizeof *out);
    switch (form) {
        case XUCRED:
            status = peercred_decode_xucred(bytes, out);
            break;
        case XUCRED_WITH_PID:
            status = peercred_decode_xucred_with_pid(bytes, out);
            break;
        case UNPCBID:
            status = peercred_decode_unpcbid(bytes, out);
            break;
        case SOCKPEERCRED:
            status = peercred_decode_sockpeercred(bytes, out);
            break;
        default:
            status = peercred_decode_control(&controls[form - FREEBSD], bytes, out);
    }
    free(copy);
    return status;
}

// Whether an answer is one that may be given: known ids with a mechanism, or a reason and nothing else.
static bool is_sound(int status, const struct peercred_decoded *out) {
    static const struct peercred_decoded nothing;
    if (status == PEERCRED_OK) {
        return out->uid != UINT32_MAX && out->gid != UINT32_MAX && out->mechanism != PEERCRED_NO_MECHANISM && out->pid >= 0 &&
               out->groups_count < PEERCRED_XUCRED_GROUPS;
    }
    return (status == PEERCRED_TRUNCATED || status == PEERCRED_MALFORMED || status == PEERCRED_NO_CREDENTIAL) &&
           memcmp(out, &nothing, sizeof nothing) == 0;
}

#endif
