// SPDX-License-Identifier: Apache-2.0
//
// macOS: unix(4), <sys/un.h>, <sys/ucred.h>. LOCAL_PEERCRED is recorded at connect(2), listen(2) or socketpair(2) and holds no pid;
// the pid that LOCAL_PEERPID gives is of whoever used the peer's end last, and therefore no part of the credential. The kernel
// attaches no credential to messages.
#define PEERCRED_HAS_CONNECT_TIME
#define PEERCRED_HAS_PEER_NOW
#include "peercred_lacking.h"
#include "peercred_socket.h"

#include <errno.h>
#include <mach/message.h>
#include <sys/param.h>
#include <sys/ucred.h>
#include <sys/un.h>

_Static_assert(SOL_LOCAL == 0, "SOL_LOCAL");
_Static_assert(LOCAL_PEERCRED == 1, "LOCAL_PEERCRED");
_Static_assert(sizeof(struct xucred) == 76, "struct xucred");
_Static_assert(offsetof(struct xucred, cr_version) == 0, "xucred.cr_version");
_Static_assert(offsetof(struct xucred, cr_uid) == 4, "xucred.cr_uid");
_Static_assert(offsetof(struct xucred, cr_ngroups) == 8, "xucred.cr_ngroups");
_Static_assert(sizeof(((struct xucred *)0)->cr_ngroups) == 2, "xucred.cr_ngroups");
_Static_assert(offsetof(struct xucred, cr_groups) == 12, "xucred.cr_groups");
_Static_assert(NGROUPS == PEERCRED_XUCRED_GROUPS, "xucred.cr_groups");
_Static_assert(XUCRED_VERSION == 0, "XUCRED_VERSION");
_Static_assert(sizeof(audit_token_t) == sizeof(((struct peercred_now *)0)->token), "audit_token_t");

void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    static const struct peercred_option option = {
        .level = SOL_LOCAL,
        .name = LOCAL_PEERCRED,
        .size = sizeof(struct xucred),
        .decode = peercred_decode_xucred,
        .mechanism = PEERCRED_LOCAL_PEERCRED,
        .has_groups = true,
    };
    peercred_ask(&option, fd, want, space, out);
}

// Zeroes value unless all of it is there.
static int ask_now(int fd, int option, void *value, socklen_t size) {
    socklen_t length = size;
    int status = PEERCRED_OK;
    if (getsockopt(fd, SOL_LOCAL, option, value, &length) != 0) {
        status = peercred_status_of(fd, errno);
    } else if (length != size) {
        status = PEERCRED_TRUNCATED;
    }
    for (socklen_t i = 0; status != PEERCRED_OK && i < size; i++) ((unsigned char *)value)[i] = 0;
    return status;
}

void peercred_peer_now(int fd, struct peercred_now *out) {
    *out = (struct peercred_now){0};
    int status = peercred_check_family(fd);
    if (status != PEERCRED_OK) {
        out->pid_status = out->effective_pid_status = out->token_status = status;
        return;
    }
    out->pid_status = ask_now(fd, LOCAL_PEERPID, &out->pid, sizeof out->pid);
    out->effective_pid_status = ask_now(fd, LOCAL_PEEREPID, &out->effective_pid, sizeof out->effective_pid);
    out->token_status = ask_now(fd, LOCAL_PEERTOKEN, out->token, sizeof out->token);
}
