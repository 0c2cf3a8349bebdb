// SPDX-License-Identifier: Apache-2.0
//
// Every system that has no file of its own for this: each call fails with ENOSYS.
#include "peercred_service.h"

#include <errno.h>

#define UNSUPPORTED(name, ...) \
    int peercred_service_##name(__VA_ARGS__) { return -ENOSYS; }
#pragma GCC diagnostic ignored "-Wunused-parameter"
UNSUPPORTED(stat, int folder, const char *name, struct peercred_inode *out)
UNSUPPORTED(hold, int folder, const char *name)
UNSUPPORTED(open_lock, int folder, const char *name)
UNSUPPORTED(lock, int fd, int on)
UNSUPPORTED(private_folder, int folder, const char *name)
UNSUPPORTED(socket, uint32_t mode)
UNSUPPORTED(bind, int fd, const char *path)
UNSUPPORTED(listen, int fd, int backlog)
UNSUPPORTED(change_mode, int folder, const char *name, uint32_t mode)
UNSUPPORTED(change_owner, int folder, const char *name, uint32_t owner, uint32_t group)
UNSUPPORTED(rename, int from, const char *old_name, int to, const char *new_name, int replace)
UNSUPPORTED(unlink, int folder, const char *name)
UNSUPPORTED(remove_folder, int folder, const char *name)
UNSUPPORTED(connect, int held, int timeout_millis)
UNSUPPORTED(listener_path, int fd, char *path, size_t capacity)
UNSUPPORTED(adopt, int fd)
UNSUPPORTED(send, int fd, uint8_t byte, int first, int second)
UNSUPPORTED(receive, int fd, int timeout_millis, int descriptors[2])
UNSUPPORTED(refuse_more, int fd)
UNSUPPORTED(signal, int pidfd, int number)
UNSUPPORTED(await_exit, int pidfd, int timeout_millis)
