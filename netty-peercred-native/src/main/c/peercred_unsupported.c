// SPDX-License-Identifier: Apache-2.0
//
// Every system that has no file of its own: each question is answered "unsupported".
#include "peercred.h"

#include <errno.h>

static const struct peercred unsupported = {
    .status = PEERCRED_UNSUPPORTED,
    .groups_status = PEERCRED_NOT_REQUESTED,
    .label_status = PEERCRED_NOT_REQUESTED,
    .pidfd_status = PEERCRED_NOT_REQUESTED,
    .pidfd = -1,
};

void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    (void)fd;
    (void)want;
    (void)space;
    *out = unsupported;
}

int peercred_pass_credentials(int fd, unsigned want, int on) {
    (void)fd;
    (void)want;
    (void)on;
    return PEERCRED_UNSUPPORTED;
}

int peercred_pass_descriptors(int fd, int on) {
    (void)fd;
    (void)on;
    return PEERCRED_UNSUPPORTED;
}

void peercred_peek(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    (void)fd;
    (void)want;
    (void)space;
    *out = unsupported;
}

int peercred_pidfd_state(int pidfd) {
    (void)pidfd;
    return PEERCRED_UNSUPPORTED;
}

int peercred_pidfd_duplicate(int pidfd) {
    (void)pidfd;
    return -ENOSYS;
}

int peercred_pidfd_ids(int pidfd, struct peercred_process *out) {
    (void)pidfd;
    *out = (struct peercred_process){0};
    return PEERCRED_UNSUPPORTED;
}
