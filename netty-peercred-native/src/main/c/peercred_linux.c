// SPDX-License-Identifier: Apache-2.0
//
// Linux: unix(7), socket(7), pidfd_open(2). Runs on kernels from 3.10 on, where an option that the kernel lacks
// is answered with ENOPROTOOPT.
#define _GNU_SOURCE
#define PEERCRED_HAS_CONNECT_TIME
#define PEERCRED_HAS_MESSAGES
#define PEERCRED_HAS_DATAGRAMS
#define PEERCRED_HAS_BURSTS
#define PEERCRED_HAS_SENDING
#define PEERCRED_HAS_PASS_DESCRIPTORS
#define PEERCRED_HAS_PIDFD
#include "peercred_lacking.h"
#include "peercred_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Options younger than the oldest headers we build against. The numbers differ by architecture.
#if defined(__sparc__)
#define OPTION(generic, sparc, parisc) sparc
#elif defined(__hppa__)
#define OPTION(generic, sparc, parisc) parisc
#else
#define OPTION(generic, sparc, parisc) generic
#endif
#ifndef SO_PEEK_OFF // Linux 3.4
#define SO_PEEK_OFF OPTION(42, 0x0026, 0x4023)
#endif
#ifndef SO_PEERGROUPS // Linux 4.13
#define SO_PEERGROUPS OPTION(59, 0x003d, 0x4034)
#endif
#ifndef SO_PEERPIDFD // Linux 6.5
#define SO_PEERPIDFD OPTION(77, 0x0056, 0x404b)
#endif
#ifndef SO_PASSPIDFD // Linux 6.5
#define SO_PASSPIDFD OPTION(76, 0x0055, 0x404a)
#endif
#ifndef SCM_SECURITY // Linux 2.6.18, streams 4.2
#define SCM_SECURITY 3
#endif
#ifndef SCM_PIDFD // Linux 6.5
#define SCM_PIDFD 4
#endif
#ifndef SO_PASSRIGHTS // Linux 6.16
#define SO_PASSRIGHTS OPTION(83, 0x005c, 0x4051)
#endif

_Static_assert(sizeof(struct ucred) == 12, "struct ucred");
_Static_assert(offsetof(struct ucred, pid) == 0, "ucred.pid");
_Static_assert(offsetof(struct ucred, uid) == 4, "ucred.uid");
_Static_assert(offsetof(struct ucred, gid) == 8, "ucred.gid");
_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "gid_t");

// struct pidfd_info of <linux/pidfd.h>, Linux 6.13, in its first published size.
struct pidfd_info_v1 {
    uint64_t mask;
    uint64_t cgroupid;
    uint32_t pid, tgid, ppid;
    uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
};
_Static_assert(sizeof(struct pidfd_info_v1) == 64, "struct pidfd_info");
_Static_assert(offsetof(struct pidfd_info_v1, ppid) == 24, "pidfd_info.ppid");
_Static_assert(offsetof(struct pidfd_info_v1, fsgid) == 56, "pidfd_info.fsgid");
#define PIDFD_GET_INFO_V1 _IOWR(0xFF, 11, struct pidfd_info_v1)
#define PIDFD_INFO_PID_BIT (UINT64_C(1) << 0)
#define PIDFD_INFO_CREDS_BIT (UINT64_C(1) << 1)

static const struct peercred nothing = PEERCRED_NOTHING(PEERCRED_OK, PEERCRED_SO_PEERCRED);
static const struct peercred no_message = PEERCRED_NOTHING(PEERCRED_OK, PEERCRED_SCM_CREDENTIALS);

// The status that an errno of getsockopt(2) stands for.
static int status_of(int error) {
    switch (error) {
        case ENOPROTOOPT:
            return PEERCRED_UNSUPPORTED;
        case ENODATA:
            return PEERCRED_NOT_CONNECTED;
        case ENOTSOCK:
            return PEERCRED_NOT_UNIX_SOCKET;
        default:
            return -error;
    }
}

// A socket option that is one int. Returns 0 or -errno.
static int int_option(int fd, int option, int *value) {
    socklen_t length = sizeof *value;
    *value = 0;
    return getsockopt(fd, SOL_SOCKET, option, value, &length) == 0 ? 0 : -errno;
}

// Whether the descriptor is a Unix socket that does not listen.
static int check_socket(int fd) {
    int domain, listening;
    int error = int_option(fd, SO_DOMAIN, &domain);
    if (error != 0) return status_of(-error);
    if (domain != AF_UNIX) return PEERCRED_NOT_UNIX_SOCKET;
    error = int_option(fd, SO_ACCEPTCONN, &listening);
    if (error != 0) return status_of(-error);
    return listening ? PEERCRED_NOT_CONNECTED : PEERCRED_OK;
}

static int ask_ids(int fd, bool check, struct peercred *out) {
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    if (check) {
        int status = check_socket(fd);
        if (status != PEERCRED_OK) return status;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return status_of(errno);
    if (length != sizeof peer) return PEERCRED_TRUNCATED;
    if (peer.uid == (uid_t)-1 || peer.gid == (gid_t)-1) {
        // The kernel's way to say "no peer", with success. What kind of socket it is only matters now.
        int status = check_socket(fd);
        return status == PEERCRED_OK ? PEERCRED_NOT_CONNECTED : status;
    }
    out->pid = peer.pid;
    out->uid = peer.uid;
    out->gid = peer.gid;
    return PEERCRED_OK;
}

// An option of variable length. On ERANGE the kernel stores the length it needs.
static int ask_bytes(int fd, int option, void *space, uint32_t capacity, uint32_t *stored) {
    socklen_t length = capacity;
    *stored = 0;
    if (getsockopt(fd, SOL_SOCKET, option, space, &length) != 0) {
        if (errno != ERANGE) return status_of(errno);
        *stored = length;
        return PEERCRED_TOO_SMALL;
    }
    if (length > capacity) return PEERCRED_TRUNCATED;
    *stored = length;
    return PEERCRED_OK;
}

static int ask_groups(int fd, const struct peercred_space *space, uint32_t *count) {
    uint32_t bytes;
    int status = ask_bytes(fd, SO_PEERGROUPS, space->groups, space->groups_capacity * (uint32_t)sizeof(gid_t), &bytes);
    if (bytes % sizeof(gid_t) != 0) return PEERCRED_TRUNCATED;
    *count = bytes / (uint32_t)sizeof(gid_t);
    return status;
}

static int ask_pidfd(int fd, struct peercred *out) {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) == 0) {
        if (length != sizeof pidfd || pidfd < 0) return PEERCRED_TRUNCATED;
        out->pidfd = pidfd;
        return PEERCRED_OK;
    }
    out->pidfd_errno = errno;
    // The kernel makes no descriptor of a reaped process: EINVAL or ESRCH, by version.
    return errno == EINVAL || errno == ESRCH ? PEERCRED_REAPED : status_of(errno);
}

void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    *out = nothing;
    out->status = ask_ids(fd, want & PEERCRED_CHECK_SOCKET, out);
    if (out->status != PEERCRED_OK) return;
    if (want & PEERCRED_GROUPS) out->groups_status = ask_groups(fd, space, &out->groups_count);
    if (want & PEERCRED_LABEL) {
        out->label_status = ask_bytes(fd, SO_PEERSEC, space->label, space->label_capacity, &out->label_length);
    }
    if (want & PEERCRED_PIDFD) out->pidfd_status = ask_pidfd(fd, out);
}

static int set_option(int fd, int option, int on) {
    const int value = on != 0;
    return setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) == 0 ? PEERCRED_OK : -errno;
}

// An option that a kernel may lack: then what it would bring is not there, which the look says.
static int set_if_known(int fd, int option, int on) {
    int status = set_option(fd, option, on);
    return status == -ENOPROTOOPT ? PEERCRED_OK : status;
}

int peercred_pass_credentials(int fd, unsigned want, int on) {
    if (on && want & PEERCRED_CHECK_SOCKET) {
        // An offset that an earlier owner left would have a look see another byte than the read.
        const int none = -1;
        if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &none, sizeof none) != 0 && errno != ENOPROTOOPT &&
            errno != EOPNOTSUPP) {
            return -errno;
        }
    }
    int status = set_option(fd, SO_PASSCRED, on);
    if (status == PEERCRED_OK && want & PEERCRED_LABEL) status = set_if_known(fd, SO_PASSSEC, on);
    if (status == PEERCRED_OK && want & PEERCRED_PIDFD) status = set_if_known(fd, SO_PASSPIDFD, on);
    return status;
}

int peercred_pass_descriptors(int fd, int on) {
    int status = set_option(fd, SO_PASSRIGHTS, on);
    return status == -ENOPROTOOPT ? PEERCRED_UNSUPPORTED : status;
}

// recvmsg(2) that leaves in place what it shows. With MSG_TRUNC in flags it returns how long a datagram is.
static ssize_t look(int fd, int flags, void *control, size_t capacity, struct msghdr *message) {
    char byte;
    struct iovec space = {.iov_base = &byte, .iov_len = 1};
    ssize_t length;
    do {
        *message = (struct msghdr){
            .msg_iov = &space,
            .msg_iovlen = 1,
            .msg_control = control,
            .msg_controllen = capacity,
        };
        length = recvmsg(fd, message, flags | MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (length < 0 && errno == EINTR);
    return length;
}

// What a look came to, but for the control messages.
static int look_status(ssize_t length, int flags) {
    if (length < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? PEERCRED_NOTHING_NOW : -errno;
    if (flags & MSG_TRUNC) return PEERCRED_OK;       // a datagram may well be empty
    return length == 0 ? PEERCRED_END : PEERCRED_OK; // the kernel adorns the end with pid 0, uid 0 and gid 0
}

static int take_ids(const struct cmsghdr *header, struct peercred *out) {
    struct ucred sender;
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) {
        return PEERCRED_NO_CREDENTIAL;
    }
    if (header->cmsg_len != CMSG_LEN(sizeof sender)) return PEERCRED_TRUNCATED;
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    out->pid = sender.pid;
    out->uid = sender.uid;
    out->gid = sender.gid;
    return PEERCRED_OK;
}

static void close_passed(const unsigned char *data, size_t length) {
    for (size_t i = 0; i + sizeof(int) <= length; i += sizeof(int)) {
        int passed;
        memcpy(&passed, data + i, sizeof passed);
        close(passed);
    }
}

static int take_label(const unsigned char *data, size_t length, bool cut, const struct peercred_space *space,
                      struct peercred *out) {
    if (cut) return PEERCRED_TRUNCATED;
    out->label_length = (uint32_t)length;
    if (length > space->label_capacity) return PEERCRED_TOO_SMALL;
    memcpy(space->label, data, length);
    return PEERCRED_OK;
}

static int take_pidfd(const unsigned char *data, size_t length, struct peercred *out) {
    int pidfd;
    if (length != sizeof pidfd) return PEERCRED_TRUNCATED;
    memcpy(&pidfd, data, sizeof pidfd);
    if (pidfd >= 0) {
        out->pidfd = pidfd;
        return PEERCRED_OK;
    }
    out->pidfd_errno = -pidfd; // why the kernel could not make one
    return pidfd == -EINVAL || pidfd == -ESRCH ? PEERCRED_REAPED : pidfd;
}

// All that may come with a message. It needs room for passed descriptors, which the kernel puts in front of the process
// descriptor, so that nobody can crowd that out by passing some.
enum { LABEL_LIMIT = 4096, DESCRIPTORS_LIMIT = 253 }; // a page; SCM_MAX_FD
union all_control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(LABEL_LIMIT) + CMSG_SPACE(DESCRIPTORS_LIMIT * sizeof(int)) +
               CMSG_SPACE(sizeof(int))];
};

// Takes what came with a message, of which the status is known so far to be PEERCRED_OK or PEERCRED_END, and closes the
// descriptors that were passed with it.
static void take_all(struct msghdr *message, unsigned want, const struct peercred_space *space, struct peercred *out) {
    const bool any_byte = out->status == PEERCRED_OK;
    const bool cut = message->msg_flags & MSG_CTRUNC;
    if (any_byte) {
        out->status = take_ids(CMSG_FIRSTHDR(message), out);
        if (want & PEERCRED_LABEL) out->label_status = cut ? PEERCRED_TRUNCATED : PEERCRED_UNSUPPORTED;
        if (want & PEERCRED_PIDFD) out->pidfd_status = cut ? PEERCRED_TRUNCATED : PEERCRED_UNSUPPORTED;
    }
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        const unsigned char *data = CMSG_DATA(header);
        const size_t length = header->cmsg_len - CMSG_LEN(0);
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_RIGHTS) {
            close_passed(data, length);
        } else if (header->cmsg_type == SCM_SECURITY && any_byte && want & PEERCRED_LABEL) {
            out->label_status = take_label(data, length, cut && CMSG_NXTHDR(message, header) == NULL, space, out);
        } else if (header->cmsg_type == SCM_PIDFD) {
            out->pidfd_status = take_pidfd(data, length, out);
        }
    }
    if (out->status == PEERCRED_OK && (want & PEERCRED_PIDFD || out->pidfd < 0)) return;
    const int status = out->status;
    if (out->pidfd >= 0) close(out->pidfd); // of nobody, or not asked for: somebody else has set the option
    if (status != PEERCRED_OK) {
        *out = no_message;
        out->status = status;
    } else {
        out->pidfd = -1;
        out->pidfd_status = PEERCRED_NOT_REQUESTED;
    }
}

// Room for credentials and nothing else: with more, every look would install the passed descriptors anew. The kernel puts the
// credentials first and marks what it had no room for by MSG_CTRUNC, which is therefore no sign of a fault.
union ids_control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct ucred))];
};

static ssize_t peek(int fd, int flags, unsigned want, const struct peercred_space *space, struct peercred *out) {
    struct msghdr message;
    *out = no_message;
    if (want & (PEERCRED_LABEL | PEERCRED_PIDFD)) {
        union all_control control;
        const ssize_t length = look(fd, flags, &control, sizeof control.bytes, &message);
        out->status = look_status(length, flags);
        if (out->status == PEERCRED_OK || out->status == PEERCRED_END) take_all(&message, want, space, out);
        return length;
    }
    union ids_control control;
    const ssize_t length = look(fd, flags, &control, sizeof control.bytes, &message);
    out->status = look_status(length, flags);
    if (out->status == PEERCRED_OK) out->status = take_ids(CMSG_FIRSTHDR(&message), out);
    return length;
}

void peercred_peek(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    peek(fd, 0, want, space, out);
}

int peercred_check_datagram(int fd) {
    int domain, type;
    int error = int_option(fd, SO_DOMAIN, &domain);
    if (error == 0) error = int_option(fd, SO_TYPE, &type);
    if (error != 0) return status_of(-error);
    return domain == AF_UNIX && type == SOCK_DGRAM ? PEERCRED_OK : PEERCRED_NOT_UNIX_SOCKET;
}

void peercred_peek_datagram(int fd, unsigned want, const struct peercred_space *space, uint32_t *length, struct peercred *out) {
    const ssize_t taken = peek(fd, MSG_TRUNC, want, space, out);
    *length = taken < 0 ? 0 : (uint32_t)taken;
}

_Static_assert(sizeof(((struct peercred_datagram *)0)->name) == sizeof(((struct sockaddr_un *)0)->sun_path), "sun_path");

// A path is without what is behind its NUL; an abstract name, which begins with NUL, is all of it.
static void take_name(const struct sockaddr_un *address, socklen_t length, struct peercred_datagram *out) {
    const size_t before = offsetof(struct sockaddr_un, sun_path);
    size_t size = length > before ? length - before : 0;
    if (size > sizeof out->name) size = sizeof out->name;
    if (size > 0 && address->sun_path[0] != '\0') size = strnlen(address->sun_path, size);
    memcpy(out->name, address->sun_path, size);
    out->name_length = (uint32_t)size;
}

int peercred_receive(int fd, unsigned want, const struct peercred_space *space, struct peercred_datagram *out, unsigned count) {
    const bool ids_only = (want & (PEERCRED_LABEL | PEERCRED_PIDFD)) == 0;
    union all_control all;
    union ids_control ids[PEERCRED_BURST];
    struct sockaddr_un names[PEERCRED_BURST];
    struct iovec spaces[PEERCRED_BURST];
    struct mmsghdr messages[PEERCRED_BURST];
    int taken;
    if (count > PEERCRED_BURST) count = PEERCRED_BURST;
    if (count > 1 && !ids_only) count = 1;
    do {
        for (unsigned i = 0; i < count; i++) {
            spaces[i] = (struct iovec){.iov_base = (void *)(uintptr_t)out[i].space, .iov_len = out[i].capacity};
            messages[i].msg_hdr = (struct msghdr){
                .msg_name = &names[i],
                .msg_namelen = sizeof names[i],
                .msg_iov = &spaces[i],
                .msg_iovlen = 1,
                .msg_control = ids_only ? (void *)&ids[i] : (void *)&all,
                .msg_controllen = ids_only ? sizeof ids[i].bytes : sizeof all.bytes,
            };
        }
        taken = recvmmsg(fd, messages, count, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC, NULL);
    } while (taken < 0 && errno == EINTR);
    if (taken < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
    for (int i = 0; i < taken; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        out[i].sender = no_message;
        out[i].length = messages[i].msg_len;
        take_name(&names[i], message->msg_namelen, &out[i]);
        if (ids_only) {
            out[i].sender.status = take_ids(CMSG_FIRSTHDR(message), &out[i].sender);
        } else {
            out[i].sender.status = PEERCRED_OK;
            take_all(message, want, space, &out[i].sender);
        }
    }
    return taken;
}

static struct ucred sender_of(const struct peercred_sender *as) {
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;
    struct ucred sender = {.pid = as->pid == 0 ? getpid() : as->pid, .uid = as->uid, .gid = as->gid};
    if (as->ids == PEERCRED_GIVEN) return sender;
    // They fail for bad addresses alone.
    (void)getresuid(&ruid, &euid, &suid);
    (void)getresgid(&rgid, &egid, &sgid);
    sender.uid = as->ids == PEERCRED_SAVED ? suid : as->ids == PEERCRED_EFFECTIVE ? euid : ruid;
    sender.gid = as->ids == PEERCRED_SAVED ? sgid : as->ids == PEERCRED_EFFECTIVE ? egid : rgid;
    return sender;
}

void peercred_send(int fd, const void *bytes, uint32_t length, const struct peercred_sender *as, struct peercred_sent *out) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    const struct ucred sender = sender_of(as);
    struct iovec data = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    const struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control.bytes,
    };
    memset(&control, 0, sizeof control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_CREDENTIALS;
    control.header.cmsg_len = CMSG_LEN(sizeof sender);
    memcpy(CMSG_DATA(&control.header), &sender, sizeof sender);
    peercred_send_message(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL, out);
}

int peercred_pidfd_state(int pidfd) {
    struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&poll_fd, 1, 0);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return -errno;
    if (poll_fd.revents & POLLNVAL) return -EBADF;
    return ready > 0 ? PEERCRED_EXITED : PEERCRED_OK;
}

int peercred_pidfd_ids(int pidfd, struct peercred_process *out) {
    struct pidfd_info_v1 info = {.mask = PIDFD_INFO_PID_BIT | PIDFD_INFO_CREDS_BIT};
    *out = (struct peercred_process){0};
    if (ioctl(pidfd, PIDFD_GET_INFO_V1, &info) != 0) {
        if (errno == ENOTTY || errno == EINVAL) return PEERCRED_UNSUPPORTED;
        // A process of another pid namespace: EREMOTE on 6.18; in the source of 6.13 ESRCH, as for one that is reaped.
        if (errno == EREMOTE) return PEERCRED_NOT_VISIBLE;
        if (errno != ESRCH) return -errno;
        return peercred_pidfd_state(pidfd) == PEERCRED_EXITED ? PEERCRED_REAPED : PEERCRED_NOT_VISIBLE;
    }
    if (!(info.mask & PIDFD_INFO_PID_BIT) || !(info.mask & PIDFD_INFO_CREDS_BIT)) return PEERCRED_UNSUPPORTED;
    *out = (struct peercred_process){
        .pid = info.tgid,
        .parent_pid = info.ppid,
        .ruid = info.ruid,
        .euid = info.euid,
        .suid = info.suid,
        .rgid = info.rgid,
        .egid = info.egid,
        .sgid = info.sgid,
    };
    return PEERCRED_OK;
}
