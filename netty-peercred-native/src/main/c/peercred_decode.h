// SPDX-License-Identifier: Apache-2.0
//
// Decoders of what kernels say about peers: control messages and values of socket options, as bytes. No system call and no
// system struct, so that those of every system compile and are tested on every machine. They read no byte outside of what they
// are given, whatever it holds, and need no alignment.
//
// Each returns PEERCRED_OK, or PEERCRED_TRUNCATED (less or more than the form takes), PEERCRED_MALFORMED (another version, a
// number of groups that cannot be) or PEERCRED_NO_CREDENTIAL (none there, or ids that are nobody's); then all of out is zero.
#ifndef PEERCRED_DECODE_H
#define PEERCRED_DECODE_H

#include "peercred.h"

#include <stdbool.h>

#define PEERCRED_XUCRED_GROUPS 16

// The order of bytes on the machine that compiles this.
#define PEERCRED_HOST_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

struct peercred_bytes {
    const void *data;
    size_t length;
    bool big_endian;
};

// The effective ids.
struct peercred_decoded {
    int32_t mechanism;
    int32_t pid; // 0: the form has none, or the kernel knows none
    uint32_t uid;
    uint32_t gid;
    uint32_t groups_count; // supplementary groups, of an xucred alone
    uint32_t groups[PEERCRED_XUCRED_GROUPS - 1];
};

// LOCAL_PEERCRED of macOS, <sys/ucred.h>: 76 bytes. The first group is the effective one.
int peercred_decode_xucred(struct peercred_bytes option, struct peercred_decoded *out);

// LOCAL_PEERCRED of 64-bit FreeBSD, <sys/ucred.h>: 88 bytes, with a pid since 13.0, and 0 in its place before.
int peercred_decode_xucred_with_pid(struct peercred_bytes option, struct peercred_decoded *out);

// LOCAL_PEEREID of NetBSD, <sys/un.h>: pid, uid, gid.
int peercred_decode_unpcbid(struct peercred_bytes option, struct peercred_decoded *out);

// SO_PEERCRED of OpenBSD, <sys/socket.h>: uid, gid, pid.
int peercred_decode_sockpeercred(struct peercred_bytes option, struct peercred_decoded *out);

// The forms that credentials have in a control message.
enum peercred_form {
    PEERCRED_CMSGCRED,          // FreeBSD, attached by the sender: 84 bytes
    PEERCRED_SOCKCRED,          // FreeBSD with LOCAL_CREDS, NetBSD before 8: no pid
    PEERCRED_SOCKCRED_WITH_PID, // NetBSD
    PEERCRED_SOCKCRED2          // FreeBSD with LOCAL_CREDS_PERSISTENT
};

// How a BSD lays out its control messages, and which of them are credentials: the one listed first counts before the others.
// That two forms may have one type is why the form is not guessed: FreeBSD's SCM_CREDS holds a sockcred or a cmsgcred by which
// option the receiver has set, and with 16 groups both are 84 bytes.
struct peercred_control {
    uint32_t data_at;   // CMSG_LEN(0)
    uint32_t alignment; // a power of two
    int32_t level;      // SOL_SOCKET
    uint32_t kinds_count;
    struct {
        int32_t type;
        enum peercred_form form;
        enum peercred_mechanism mechanism;
    } kinds[2];
};

// A whole control buffer, cmsg(3): u32 cmsg_len, i32 cmsg_level, i32 cmsg_type each. Other control messages are stepped over, and nothing in them is looked at: where BSD kernels show
// SCM_RIGHTS to a peek, that holds addresses of theirs.
int peercred_decode_control(const struct peercred_control *system, struct peercred_bytes control,
                            struct peercred_decoded *out);

#endif
