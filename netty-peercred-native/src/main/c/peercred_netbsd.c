// SPDX-License-Identifier: Apache-2.0
//
// NetBSD: unix(4), <sys/un.h>, <sys/socket.h>. LOCAL_PEEREID is recorded at connect(2), of a server at bind(2).
//
// LOCAL_CREDS has the kernel attach a sockcred to each datagram; of a stream, to the first message that is sent after it was set, and
// then clears it, so that a read of a stream may return bytes of others behind that message. Release 7
// and older have LOCAL_OCREDS alone, whose sockcred has another type and no pid. A sender cannot attach either.
#define PEERCRED_HAS_CONNECT_TIME
#define PEERCRED_HAS_MESSAGES
#define PEERCRED_HAS_DATAGRAMS
#include "peercred_lacking.h"
#include "peercred_socket.h"

#include <sys/un.h>

#define SCM_OCREDS 0x04 // of struct sockcred before release 8, which <sys/socket.h> names no longer

_Static_assert(SOL_LOCAL == 0, "SOL_LOCAL");
_Static_assert(LOCAL_PEEREID == 3, "LOCAL_PEEREID");
_Static_assert(sizeof(struct unpcbid) == 12, "struct unpcbid");
_Static_assert(offsetof(struct unpcbid, unp_pid) == 0, "unpcbid.unp_pid");
_Static_assert(offsetof(struct unpcbid, unp_euid) == 4, "unpcbid.unp_euid");
_Static_assert(offsetof(struct unpcbid, unp_egid) == 8, "unpcbid.unp_egid");

_Static_assert(SCM_CREDS == 0x10, "SCM_CREDS");
_Static_assert(offsetof(struct sockcred, sc_pid) == 0, "sockcred.sc_pid");
_Static_assert(offsetof(struct sockcred, sc_uid) == 4, "sockcred.sc_uid");
_Static_assert(offsetof(struct sockcred, sc_euid) == 8, "sockcred.sc_euid");
_Static_assert(offsetof(struct sockcred, sc_gid) == 12, "sockcred.sc_gid");
_Static_assert(offsetof(struct sockcred, sc_egid) == 16, "sockcred.sc_egid");
_Static_assert(offsetof(struct sockcred, sc_ngroups) == 20, "sockcred.sc_ngroups");
_Static_assert(offsetof(struct sockcred, sc_groups) == 24, "sockcred.sc_groups");

_Static_assert(sizeof(struct cmsghdr) == 12, "struct cmsghdr");
_Static_assert(offsetof(struct cmsghdr, cmsg_len) == 0, "cmsghdr.cmsg_len");
_Static_assert(offsetof(struct cmsghdr, cmsg_level) == 4, "cmsghdr.cmsg_level");
_Static_assert(offsetof(struct cmsghdr, cmsg_type) == 8, "cmsghdr.cmsg_type");

void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    static const struct peercred_option option = {
        .level = SOL_LOCAL,
        .name = LOCAL_PEEREID,
        .size = sizeof(struct unpcbid),
        .decode = peercred_decode_unpcbid,
        .mechanism = PEERCRED_LOCAL_PEEREID,
    };
    peercred_ask(&option, fd, want, space, out);
}

int peercred_pass_credentials(int fd, unsigned want, int on) {
    if (want & PEERCRED_EVERY) {
        const int datagram = peercred_ask_datagram(fd);
        if (datagram == PEERCRED_NOT_UNIX_SOCKET && peercred_check_family(fd) == PEERCRED_OK) return PEERCRED_UNSUPPORTED;
        if (datagram != PEERCRED_OK) return datagram;
    }
    int status = peercred_set(fd, SOL_LOCAL, LOCAL_CREDS, on);
    return status == PEERCRED_UNSUPPORTED ? peercred_set(fd, SOL_LOCAL, LOCAL_OCREDS, on) : status;
}

// CMSG_LEN and CMSG_SPACE are no constants here.
static struct peercred_control messages(void) {
    return (struct peercred_control){
        .data_at = (uint32_t)CMSG_LEN(0),
        .alignment = (uint32_t)(CMSG_SPACE(1) - CMSG_SPACE(0)),
        .level = SOL_SOCKET,
        .kinds_count = 2,
        .kinds = {{SCM_CREDS, PEERCRED_SOCKCRED_WITH_PID, PEERCRED_SCM_CREDS},
                  {SCM_OCREDS, PEERCRED_SOCKCRED, PEERCRED_SCM_CREDS}},
    };
}

void peercred_peek(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    const struct peercred_control system = messages();
    (void)space;
    peercred_peek_control(&system, fd, want, out);
}

int peercred_check_datagram(int fd) {
    return peercred_ask_datagram(fd);
}

void peercred_peek_datagram(int fd, unsigned want, const struct peercred_space *space, uint32_t *length, struct peercred *out) {
    const struct peercred_control system = messages();
    (void)space;
    peercred_peek_datagram_control(&system, fd, want, length, out);
}
