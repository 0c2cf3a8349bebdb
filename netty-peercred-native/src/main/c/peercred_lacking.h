// SPDX-License-Identifier: Apache-2.0
//
// The functions of peercred.h that a system lacks, each answered "unsupported". A system's file says what it has, by
// #define PEERCRED_HAS_..., and includes this one. A new function of peercred.h gets that answer here, and its #define in the
// files of the systems that have it.
#ifndef PEERCRED_LACKING_H
#define PEERCRED_LACKING_H

#include "peercred.h"

#include <errno.h>

#ifndef PEERCRED_HAS_CONNECT_TIME
void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    (void)fd;
    (void)want;
    (void)space;
    *out = (struct peercred)PEERCRED_NOTHING(PEERCRED_UNSUPPORTED, PEERCRED_NO_MECHANISM);
}
#endif

#ifndef PEERCRED_HAS_MESSAGES
int peercred_pass_credentials(int fd, unsigned want, int on) {
    (void)fd;
    (void)want;
    (void)on;
    return PEERCRED_UNSUPPORTED;
}

void peercred_peek(int fd, unsigned want, const struct peercred_space *space, struct peercred *out) {
    (void)fd;
    (void)want;
    (void)space;
    *out = (struct peercred)PEERCRED_NOTHING(PEERCRED_UNSUPPORTED, PEERCRED_NO_MECHANISM);
}
#endif

#ifndef PEERCRED_HAS_DATAGRAMS
int peercred_check_datagram(int fd) {
    (void)fd;
    return PEERCRED_UNSUPPORTED;
}

void peercred_peek_datagram(int fd, unsigned want, const struct peercred_space *space, uint32_t *length, struct peercred *out) {
    (void)fd;
    (void)want;
    (void)space;
    *length = 0;
    *out = (struct peercred)PEERCRED_NOTHING(PEERCRED_UNSUPPORTED, PEERCRED_NO_MECHANISM);
}
#endif

#ifndef PEERCRED_HAS_BURSTS
int peercred_receive(int fd, unsigned want, const struct peercred_space *space, struct peercred_datagram *out, unsigned count) {
    (void)fd;
    (void)want;
    (void)space;
    (void)out;
    (void)count;
    return -ENOSYS;
}
#endif

#ifndef PEERCRED_HAS_SENDING
void peercred_send(int fd, const void *bytes, uint32_t length, const struct peercred_sender *as, struct peercred_sent *out) {
    (void)fd;
    (void)bytes;
    (void)length;
    (void)as;
    *out = (struct peercred_sent){.status = PEERCRED_UNSUPPORTED};
}
#endif

#ifndef PEERCRED_HAS_PASS_DESCRIPTORS
int peercred_pass_descriptors(int fd, int on) {
    (void)fd;
    (void)on;
    return PEERCRED_UNSUPPORTED;
}
#endif

#ifndef PEERCRED_HAS_PEER_NOW
void peercred_peer_now(int fd, struct peercred_now *out) {
    (void)fd;
    *out = (struct peercred_now){
        .pid_status = PEERCRED_UNSUPPORTED,
        .effective_pid_status = PEERCRED_UNSUPPORTED,
        .token_status = PEERCRED_UNSUPPORTED,
    };
}
#endif

#ifndef PEERCRED_HAS_PIDFD
int peercred_pidfd_state(int pidfd) {
    (void)pidfd;
    return PEERCRED_UNSUPPORTED;
}

int peercred_pidfd_ids(int pidfd, struct peercred_process *out) {
    (void)pidfd;
    *out = (struct peercred_process){0};
    return PEERCRED_UNSUPPORTED;
}
#endif

#endif
