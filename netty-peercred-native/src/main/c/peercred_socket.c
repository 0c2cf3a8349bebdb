// SPDX-License-Identifier: Apache-2.0
#include "peercred_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

int peercred_check_family(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    address.ss_family = AF_UNSPEC; // a system may give no address of a socket without a name
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        return errno == ENOTSOCK ? PEERCRED_NOT_UNIX_SOCKET : -errno;
    }
    return length == 0 || address.ss_family == AF_UNIX ? PEERCRED_OK : PEERCRED_NOT_UNIX_SOCKET;
}

int peercred_status_of(int fd, int error) {
    int family = peercred_check_family(fd);
    if (family != PEERCRED_OK) return family;
    switch (error) {
        case ENOPROTOOPT:
        case EOPNOTSUPP:
            return PEERCRED_UNSUPPORTED;
        case ENOTCONN:
        case EINVAL: // of a datagram socket, or one that never had a peer
            return PEERCRED_NOT_CONNECTED;
        default:
            return -error;
    }
}

static void give_groups(const struct peercred_decoded *peer, const struct peercred_space *space, struct peercred *out) {
    out->groups_count = peer->groups_count;
    out->groups_status = PEERCRED_TOO_SMALL;
    if (peer->groups_count > space->groups_capacity) return;
    for (uint32_t i = 0; i < peer->groups_count; i++) space->groups[i] = peer->groups[i];
    out->groups_status = PEERCRED_OK;
}

// What a BSD records of no peer and of no sender.
static void give_unsupported(unsigned want, struct peercred *out) {
    if (want & PEERCRED_GROUPS) out->groups_status = PEERCRED_UNSUPPORTED;
    if (want & PEERCRED_LABEL) out->label_status = PEERCRED_UNSUPPORTED;
    if (want & PEERCRED_PIDFD) out->pidfd_status = PEERCRED_UNSUPPORTED;
}

static void give_ids(const struct peercred_decoded *peer, struct peercred *out) {
    out->pid = peer->pid;
    out->uid = peer->uid;
    out->gid = peer->gid;
}

void peercred_ask(const struct peercred_option *option, int fd, unsigned want, const struct peercred_space *space,
                  struct peercred *out) {
    unsigned char value[88] = {0};
    socklen_t length = option->size;
    struct peercred_decoded peer;
    *out = (struct peercred)PEERCRED_NOTHING(PEERCRED_OK, option->mechanism);
    if (want & PEERCRED_CHECK_SOCKET) { // none of these systems answers on a socket that listens
        out->status = peercred_check_family(fd);
        if (out->status != PEERCRED_OK) return;
    }
    if (getsockopt(fd, option->level, option->name, value, &length) != 0) {
        out->status = peercred_status_of(fd, errno);
        return;
    }
    out->status = option->decode((struct peercred_bytes){value, length, PEERCRED_HOST_BIG_ENDIAN}, &peer);
    if (out->status != PEERCRED_OK) {
        const int family = peercred_check_family(fd);
        if (family != PEERCRED_OK) {
            out->status = family;
        } else if (out->status == PEERCRED_NO_CREDENTIAL) {
            out->status = PEERCRED_NOT_CONNECTED;
        }
        return;
    }
    give_ids(&peer, out);
    give_unsupported(want, out);
    if (option->has_groups && want & PEERCRED_GROUPS) give_groups(&peer, space, out);
}

int peercred_set(int fd, int level, int name, int on) {
    const int value = on != 0;
    const int family = peercred_check_family(fd);
    if (family != PEERCRED_OK) return family;
    if (setsockopt(fd, level, name, &value, sizeof value) == 0) return PEERCRED_OK;
    return errno == ENOPROTOOPT ? PEERCRED_UNSUPPORTED : -errno;
}

// Room for all that may come at once: descriptors, which a cluster of 2 KiB bounds, and credentials with 1024 groups.
#define CONTROL_SPACE 8192

// How long a datagram is only a look at all of it tells: as a flag of the call MSG_TRUNC is not on all of these systems. Nobody
// wants the bytes, so they all go to one place.
enum { PIECE = 4096, PIECES = 64 };

// recvmsg(2) that leaves in place what it shows, of the sender of a byte or of a datagram, which may have none.
static void look(const struct peercred_control *system, int fd, bool datagram, unsigned want, uint32_t *shown,
                 struct peercred *out) {
    union {
        struct cmsghdr header;
        char bytes[CONTROL_SPACE];
    } control;
    char piece[PIECE];
    struct iovec space[PIECES];
    struct msghdr message;
    ssize_t length;
    *shown = 0;
    *out = (struct peercred)PEERCRED_NOTHING(PEERCRED_OK, system->kinds[0].mechanism);
    for (int i = 0; i < PIECES; i++) space[i] = (struct iovec){.iov_base = piece, .iov_len = datagram ? PIECE : 1};
    do {
        message = (struct msghdr){
            .msg_iov = space,
            .msg_iovlen = datagram ? PIECES : 1,
            .msg_control = &control,
            .msg_controllen = sizeof control.bytes,
        };
        length = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);
    } while (length < 0 && errno == EINTR);
    if (length < 0) {
        out->status = errno == EAGAIN || errno == EWOULDBLOCK ? PEERCRED_NOTHING_NOW : -errno;
        return;
    }
    *shown = (uint32_t)length;
    if (length == 0 && !datagram) {
        out->status = PEERCRED_END;
        return;
    }
    // FreeBSD gives no credentials then, NetBSD a part.
    if (message.msg_flags & MSG_CTRUNC || (datagram && message.msg_flags & MSG_TRUNC)) {
        out->status = PEERCRED_TRUNCATED;
        return;
    }
    struct peercred_decoded sender;
    out->status = peercred_decode_control(
        system, (struct peercred_bytes){&control, message.msg_controllen, PEERCRED_HOST_BIG_ENDIAN}, &sender);
    if (out->status != PEERCRED_OK) return;
    out->mechanism = sender.mechanism;
    give_ids(&sender, out);
    give_unsupported(want, out);
}

void peercred_peek_control(const struct peercred_control *system, int fd, unsigned want, struct peercred *out) {
    uint32_t shown;
    look(system, fd, false, want, &shown, out);
}

int peercred_ask_datagram(int fd) {
    int type = 0;
    socklen_t length = sizeof type;
    const int family = peercred_check_family(fd);
    if (family != PEERCRED_OK) return family;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return -errno;
    return type == SOCK_DGRAM ? PEERCRED_OK : PEERCRED_NOT_UNIX_SOCKET;
}

void peercred_peek_datagram_control(const struct peercred_control *system, int fd, unsigned want, uint32_t *length,
                                    struct peercred *out) {
    look(system, fd, true, want, length, out);
}

void peercred_send_message(int fd, const struct msghdr *message, int flags, struct peercred_sent *out) {
    ssize_t count;
    do {
        count = sendmsg(fd, message, flags);
    } while (count < 0 && errno == EINTR);
    *out = (struct peercred_sent){0};
    if (count >= 0) {
        out->count = (uint32_t)count;
    } else {
        out->status = errno == EAGAIN || errno == EWOULDBLOCK ? PEERCRED_NOTHING_NOW : -errno;
    }
}
