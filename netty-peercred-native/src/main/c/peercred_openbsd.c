// SPDX-License-Identifier: Apache-2.0
//
// OpenBSD: getsockopt(2), <sys/socket.h>. SO_PEERCRED is recorded at connect(2), of a server at bind(2), and at socketpair(2); its
// fields are in another order than Linux has them. The kernel attaches no credential to messages.
#define PEERCRED_HAS_CONNECT_TIME
#include "peercred_lacking.h"
#include "peercred_socket.h"

_Static_assert(SO_PEERCRED == 0x1022, "SO_PEERCRED");
_Static_assert(sizeof(struct sockpeercred) == 12, "struct sockpeercred");
_Static_assert(offsetof(struct sockpeercred, uid) == 0, "sockpeercred.uid");
_Static_assert(offsetof(struct sockpeercred, gid) == 4, "sockpeercred.gid");
_Static_assert(offsetof(struct sockpeercred, pid) == 8, "sockpeercred.pid");

void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    static const struct peercred_option option = {
        .level = SOL_SOCKET,
        .name = SO_PEERCRED,
        .size = sizeof(struct sockpeercred),
        .decode = peercred_decode_sockpeercred,
        .mechanism = PEERCRED_SO_PEERCRED,
    };
    peercred_ask(&option, fd, want, space, out);
}
