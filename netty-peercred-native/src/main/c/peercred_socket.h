// SPDX-License-Identifier: Apache-2.0
//
// What the files of several systems share: calls that POSIX names, or that all BSDs have alike.
#ifndef PEERCRED_SOCKET_H
#define PEERCRED_SOCKET_H

#include "peercred_decode.h"

#include <sys/socket.h>

// Whether the descriptor is a Unix socket: PEERCRED_OK, PEERCRED_NOT_UNIX_SOCKET or -errno. Asked before any option at level
// SOL_LOCAL, which is 0 and so means IP on another socket.
int peercred_check_family(int fd);

// The status that an errno of getsockopt(2) or setsockopt(2) on such an option stands for.
int peercred_status_of(int fd, int error);

// What peercred_connect_time does where one option at level SOL_LOCAL, or SOL_SOCKET, answers with ids and perhaps groups.
struct peercred_option {
    int level;
    int name;
    socklen_t size; // 88 at most
    int (*decode)(struct peercred_bytes option, struct peercred_decoded *out);
    enum peercred_mechanism mechanism;
    bool has_groups;
};
void peercred_ask(const struct peercred_option *option, int fd, unsigned want, const struct peercred_space *space,
                  struct peercred *out);

// Sets an option that is an int, after a look that the socket is one of ours. Returns as peercred_pass_credentials.
int peercred_set(int fd, int level, int name, int on);

// What peercred_peek does where a look brings in no descriptor: the BSDs.
void peercred_peek_control(const struct peercred_control *system, int fd, unsigned want, struct peercred *out);

// What peercred_check_datagram and peercred_peek_datagram do there.
int peercred_ask_datagram(int fd);
void peercred_peek_datagram_control(const struct peercred_control *system, int fd, unsigned want, uint32_t *length,
                                    struct peercred *out);

// What peercred_send does with a message that has its credentials. The flags are to keep it from blocking and from SIGPIPE.
void peercred_send_message(int fd, const struct msghdr *message, int flags, struct peercred_sent *out);

#endif
