// SPDX-License-Identifier: Apache-2.0
//
// 64-bit FreeBSD: unix(4), recvmsg(2), <sys/un.h>, <sys/ucred.h>, <sys/socket.h>. LOCAL_PEERCRED is recorded at connect(2), listen(2) or
// socketpair(2), with a pid since 13.0.
//
// Messages: LOCAL_CREDS_PERSISTENT, since 13.0, has the kernel attach a sockcred2 to each; a sender may itself ask for a cmsgcred,
// which the kernel fills. LOCAL_CREDS is left alone: it marks its sockcred with the type of the cmsgcred, and is cleared by the
// sender's first write, so that nobody could tell afterwards which of the two a message holds. Hence that type is a cmsgcred here.
#define PEERCRED_HAS_CONNECT_TIME
#define PEERCRED_HAS_MESSAGES
#define PEERCRED_HAS_DATAGRAMS
#define PEERCRED_HAS_SENDING
#include "peercred_lacking.h"
#include "peercred_socket.h"

#include <sys/param.h>
#include <sys/ucred.h>
#include <sys/un.h>

#include <string.h>

_Static_assert(SOL_LOCAL == 0, "SOL_LOCAL");
_Static_assert(LOCAL_PEERCRED == 1, "LOCAL_PEERCRED");
_Static_assert(sizeof(struct xucred) == 88, "struct xucred");
_Static_assert(offsetof(struct xucred, cr_version) == 0, "xucred.cr_version");
_Static_assert(offsetof(struct xucred, cr_uid) == 4, "xucred.cr_uid");
_Static_assert(offsetof(struct xucred, cr_ngroups) == 8, "xucred.cr_ngroups");
_Static_assert(sizeof(((struct xucred *)0)->cr_ngroups) == 2, "xucred.cr_ngroups");
_Static_assert(offsetof(struct xucred, cr_groups) == 12, "xucred.cr_groups");
_Static_assert(XU_NGROUPS == PEERCRED_XUCRED_GROUPS, "xucred.cr_groups");
_Static_assert(offsetof(struct xucred, cr_pid) == 80, "xucred.cr_pid");
_Static_assert(XUCRED_VERSION == 0, "XUCRED_VERSION");

_Static_assert(offsetof(struct sockcred2, sc_version) == 0, "sockcred2.sc_version");
_Static_assert(offsetof(struct sockcred2, sc_pid) == 4, "sockcred2.sc_pid");
_Static_assert(offsetof(struct sockcred2, sc_uid) == 8, "sockcred2.sc_uid");
_Static_assert(offsetof(struct sockcred2, sc_euid) == 12, "sockcred2.sc_euid");
_Static_assert(offsetof(struct sockcred2, sc_gid) == 16, "sockcred2.sc_gid");
_Static_assert(offsetof(struct sockcred2, sc_egid) == 20, "sockcred2.sc_egid");
_Static_assert(offsetof(struct sockcred2, sc_ngroups) == 24, "sockcred2.sc_ngroups");
_Static_assert(offsetof(struct sockcred2, sc_groups) == 28, "sockcred2.sc_groups");

_Static_assert(sizeof(struct cmsgcred) == 84, "struct cmsgcred");
_Static_assert(offsetof(struct cmsgcred, cmcred_pid) == 0, "cmsgcred.cmcred_pid");
_Static_assert(offsetof(struct cmsgcred, cmcred_uid) == 4, "cmsgcred.cmcred_uid");
_Static_assert(offsetof(struct cmsgcred, cmcred_euid) == 8, "cmsgcred.cmcred_euid");
_Static_assert(offsetof(struct cmsgcred, cmcred_gid) == 12, "cmsgcred.cmcred_gid");
_Static_assert(offsetof(struct cmsgcred, cmcred_ngroups) == 16, "cmsgcred.cmcred_ngroups");
_Static_assert(sizeof(((struct cmsgcred *)0)->cmcred_ngroups) == 2, "cmsgcred.cmcred_ngroups");
_Static_assert(offsetof(struct cmsgcred, cmcred_groups) == 20, "cmsgcred.cmcred_groups");

_Static_assert(sizeof(struct cmsghdr) == 12, "struct cmsghdr");
_Static_assert(offsetof(struct cmsghdr, cmsg_len) == 0, "cmsghdr.cmsg_len");
_Static_assert(offsetof(struct cmsghdr, cmsg_level) == 4, "cmsghdr.cmsg_level");
_Static_assert(offsetof(struct cmsghdr, cmsg_type) == 8, "cmsghdr.cmsg_type");

void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    static const struct peercred_option option = {
        .level = SOL_LOCAL,
        .name = LOCAL_PEERCRED,
        .size = sizeof(struct xucred),
        .decode = peercred_decode_xucred_with_pid,
        .mechanism = PEERCRED_LOCAL_PEERCRED,
        .has_groups = true,
    };
    peercred_ask(&option, fd, want, space, out);
}

int peercred_pass_credentials(int fd, unsigned want, int on) {
    (void)want;
    return peercred_set(fd, SOL_LOCAL, LOCAL_CREDS_PERSISTENT, on);
}

static const struct peercred_control messages = {
    .data_at = CMSG_LEN(0),
    .alignment = CMSG_SPACE(1) - CMSG_SPACE(0),
    .level = SOL_SOCKET,
    .kinds_count = 2,
    .kinds = {{SCM_CREDS2, PEERCRED_SOCKCRED2, PEERCRED_SCM_CREDS2}, {SCM_CREDS, PEERCRED_CMSGCRED, PEERCRED_SCM_CREDS}},
};

void peercred_peek(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    (void)space;
    peercred_peek_control(&messages, fd, want, out);
}

int peercred_check_datagram(int fd) {
    return peercred_ask_datagram(fd);
}

void peercred_peek_datagram(int fd, unsigned want, const struct peercred_space *space, uint32_t *length, struct peercred *out) {
    (void)space;
    peercred_peek_datagram_control(&messages, fd, want, length, out);
}

void peercred_send(int fd, const void *bytes, uint32_t length, const struct peercred_sender *as, struct peercred_sent *out) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct cmsgcred))];
    } control;
    struct iovec data = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    const struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control.bytes,
    };
    if (as->ids != PEERCRED_REAL && as->ids != PEERCRED_EFFECTIVE) {
        *out = (struct peercred_sent){.status = PEERCRED_UNSUPPORTED};
        return;
    }
    memset(&control, 0, sizeof control); // the kernel puts the ids in
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_CREDS;
    control.header.cmsg_len = CMSG_LEN(sizeof(struct cmsgcred));
    peercred_send_message(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL, out);
}
