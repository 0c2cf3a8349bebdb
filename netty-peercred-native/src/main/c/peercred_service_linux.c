// SPDX-License-Identifier: Apache-2.0
//
// Linux: unix(7), fcntl(2), openat(2), rename(2), pidfd_send_signal(2), proc(5).
#define _GNU_SOURCE
#include "peercred_service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal // Linux 5.1; the same number everywhere but on alpha
#define SYS_pidfd_send_signal 424
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

_Static_assert(sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path) == 108, "sun_path");

static int result(int returned) {
    return returned < 0 ? -errno : returned;
}

static int64_t now_millis(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int peercred_service_stat(int folder, const char *name, struct peercred_inode *out) {
    *out = (struct peercred_inode){0};
    struct stat found;
    int returned = name ? fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) : fstat(folder, &found);
    if (returned != 0) return -errno;
    out->device = found.st_dev;
    out->inode = found.st_ino;
    out->mode = found.st_mode;
    out->owner = found.st_uid;
    return 0;
}

int peercred_service_hold(int folder, const char *name) {
    return result(openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

int peercred_service_open_lock(int folder, const char *name) {
    // O_NONBLOCK: a FIFO there must not make this wait.
    return result(openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
}

int peercred_service_lock(int fd, int on) {
    struct flock whole = {.l_type = on ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};
    int returned = result(fcntl(fd, F_OFD_SETLK, &whole));
    return returned == -EACCES ? -EAGAIN : returned;
}

int peercred_service_private_folder(int folder, const char *name) {
    if (mkdirat(folder, name, 0700) != 0 && errno != EEXIST) return -errno;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -errno;
    struct stat found;
    int error = 0;
    if (fstat(fd, &found) != 0) error = errno;
    else if (found.st_uid != geteuid()) error = EPERM;
    else if (fchmod(fd, 0700) != 0) error = errno;
    if (error == 0) return fd;
    (void)close(fd);
    return -error;
}

int peercred_service_socket(uint32_t mode) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (fchmod(fd, mode) == 0) return fd;
    int error = errno;
    (void)close(fd);
    return -error;
}

static int address_of(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length);
    return 0;
}

int peercred_service_bind(int fd, const char *path) {
    struct sockaddr_un address;
    int error = address_of(path, &address);
    return error ? error : result(bind(fd, (struct sockaddr *)&address, sizeof address));
}

int peercred_service_listen(int fd, int backlog) {
    return result(listen(fd, backlog));
}

int peercred_service_change_mode(int folder, const char *name, uint32_t mode) {
    // It follows links; the folder is one that nobody else may enter, with no link in it.
    return result(fchmodat(folder, name, mode, 0));
}

int peercred_service_change_owner(int folder, const char *name, uint32_t owner, uint32_t group) {
    return result(fchownat(folder, name, owner, group, AT_SYMLINK_NOFOLLOW));
}

int peercred_service_rename(int from, const char *old_name, int to, const char *new_name, int replace) {
    if (!replace) {
        if (syscall(SYS_renameat2, from, old_name, to, new_name, RENAME_NOREPLACE) == 0) return 0;
        if (errno != EINVAL && errno != ENOSYS) return -errno; // these two: this file system or kernel cannot tell
    }
    return result(renameat(from, old_name, to, new_name));
}

int peercred_service_unlink(int folder, const char *name) {
    return result(unlinkat(folder, name, 0));
}

int peercred_service_remove_folder(int folder, const char *name) {
    return result(unlinkat(folder, name, AT_REMOVEDIR));
}

int peercred_service_connect(int held, int timeout_millis) {
    char path[32];
    struct sockaddr_un address;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", held);
    int error = address_of(path, &address);
    int fd = error ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return error ? error : -errno;
    int64_t end = now_millis() + timeout_millis;
    for (;;) {
        int64_t left = end - now_millis();
        if (left < 1) left = 1; // 0 would wait for ever
        struct timeval patience = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
            connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            return fd;
        }
        if (errno != EINTR) break;
    }
    error = errno;
    (void)close(fd);
    return -error;
}

int peercred_service_listener_path(int fd, char *path, size_t capacity) {
    int type = 0, listens = 0;
    socklen_t length = sizeof type, listens_length = sizeof listens;
    struct sockaddr_un address = {0};
    socklen_t address_length = sizeof address;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_length) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &address_length) != 0) {
        return -errno;
    }
    if (address.sun_family != AF_UNIX || type != SOCK_STREAM || !listens) return -ENOTSOCK;
    size_t size = strnlen(address.sun_path, sizeof address.sun_path);
    if (size > capacity) return -ENAMETOOLONG;
    memcpy(path, address.sun_path, size);
    return (int)size;
}

int peercred_service_adopt(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return -errno;
    return 0;
}

int peercred_service_send(int fd, uint8_t byte, int first, int second) {
    const int descriptors[2] = {first, second};
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof descriptors)];
    } control = {0};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (first >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptors);
        memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
    }
    for (;;) {
        if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) return 0;
        if (errno != EINTR) return -errno;
    }
}

static void close_both(int descriptors[2]) {
    for (int i = 0; i < 2; i++) {
        if (descriptors[i] >= 0) (void)close(descriptors[i]);
        descriptors[i] = -1;
    }
}

int peercred_service_receive(int fd, int timeout_millis, int descriptors[2]) {
    descriptors[0] = descriptors[1] = -1;
    uint8_t byte = 0;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    int64_t end = now_millis() + timeout_millis;
    for (;;) {
        int64_t left = end - now_millis();
        int ready = poll(&readable, 1, left > 0 ? (int)left : 0);
        if (ready == 0) return -EAGAIN;
        if (ready > 0) break;
        if (errno != EINTR) return -errno;
    }
    ssize_t count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t length = header->cmsg_len - CMSG_LEN(0);
        if (length > 2 * sizeof(int)) length = 2 * sizeof(int); // more would not have fitted
        memcpy(descriptors, CMSG_DATA(header), length);
    }
    if (count == 1 && !(message.msg_flags & MSG_CTRUNC)) return byte;
    close_both(descriptors);
    return count == 0 ? -EPIPE : -EMSGSIZE;
}

int peercred_service_refuse_more(int fd) {
    return result(shutdown(fd, SHUT_RD));
}

int peercred_service_signal(int pidfd, int number) {
    return result((int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0));
}

int peercred_service_await_exit(int pidfd, int timeout_millis) {
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    int64_t end = now_millis() + timeout_millis;
    for (;;) {
        int64_t left = end - now_millis();
        int ready = poll(&ended, 1, timeout_millis < 0 ? -1 : left > 0 ? (int)left : 0);
        if (ready >= 0) return ready;
        if (errno != EINTR) return -errno;
    }
}
