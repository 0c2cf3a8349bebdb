// SPDX-License-Identifier: Apache-2.0
//
// Tests the functions of peercred.h on real sockets, under AddressSanitizer and UndefinedBehaviorSanitizer. Prints one line
// a case; exits 1 at the first that fails. Cases that need root say so when they are left out.
#define _GNU_SOURCE
#include "peercred.h"
#include "peercred_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int cases;

static void check(bool ok, const char *what) {
    cases++;
    printf("%s %d - %s\n", ok ? "ok" : "not ok", cases, what);
    if (!ok) exit(1);
}

static struct peercred ask(int fd, unsigned want, struct peercred_space space) {
    struct peercred out;
    memset(&out, 0xAA, sizeof out);
    peercred_connect_time(fd, want, &space, &out);
    return out;
}

static struct peercred ask_ids(int fd) {
    return ask(fd, PEERCRED_CHECK_SOCKET, (struct peercred_space){0});
}

static void check_absent(int fd, int status, const char *what) {
    struct peercred out = ask_ids(fd);
    check(out.status == status && out.uid == 0 && out.gid == 0 && out.pid == 0 && out.pidfd == -1, what);
}

static int listener(struct sockaddr_un *address, socklen_t *length) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    *length = sizeof(sa_family_t);
    if (bind(fd, (struct sockaddr *)address, *length) != 0) exit(2); // autobind
    *length = sizeof *address;
    getsockname(fd, (struct sockaddr *)address, length);
    if (listen(fd, 16) != 0) exit(2);
    return fd;
}

static void absent_sockets(void) {
    struct sockaddr_un address;
    socklen_t length;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    check_absent(fd, PEERCRED_NOT_CONNECTED, "an unconnected socket has no peer");
    close(fd);
    check_absent(fd, -EBADF, "a closed descriptor is EBADF");
    fd = listener(&address, &length);
    check_absent(fd, PEERCRED_NOT_CONNECTED, "a listening socket is not its own peer");
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    check_absent(fd, PEERCRED_NOT_UNIX_SOCKET, "a TCP socket is no Unix socket");
    check(ask(fd, 0, (struct peercred_space){0}).status == PEERCRED_NOT_UNIX_SOCKET, "also without the check");
    close(fd);
    fd = open("/dev/null", O_RDONLY);
    check_absent(fd, PEERCRED_NOT_UNIX_SOCKET, "a file is no socket");
    close(fd);
}

static void pair(void) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    static uint32_t groups[65536];
    char label[4096];
    struct peercred_space space = {groups, sizeof groups / sizeof groups[0], label, sizeof label};
    struct peercred out = ask(fds[0], PEERCRED_GROUPS | PEERCRED_LABEL | PEERCRED_PIDFD | PEERCRED_CHECK_SOCKET, space);
    check(out.status == PEERCRED_OK && out.uid == geteuid() && out.gid == getegid() && out.pid == getpid(),
          "a pair's peer is its maker");
    check(out.groups_status == PEERCRED_OK || out.groups_status == PEERCRED_UNSUPPORTED, "its groups");
    check(out.label_status == PEERCRED_OK || out.label_status == PEERCRED_UNSUPPORTED, "its label");
    if (out.pidfd_status == PEERCRED_OK) {
        check(fcntl(out.pidfd, F_GETFD) == FD_CLOEXEC, "its process descriptor closes on exec");
        check(peercred_pidfd_state(out.pidfd) == PEERCRED_OK, "its process runs");
        struct peercred_process process;
        int status = peercred_pidfd_ids(out.pidfd, &process);
        check(status == PEERCRED_UNSUPPORTED ||
                  (status == 0 && process.pid == (uint32_t)getpid() && process.euid == geteuid()),
              "its ids now");
        close(out.pidfd);
    } else {
        check(out.pidfd_status == PEERCRED_UNSUPPORTED && out.pidfd == -1, "no process descriptor on this kernel");
    }
    out = ask(fds[1], 0, (struct peercred_space){0});
    check(out.groups_status == PEERCRED_NOT_REQUESTED && out.label_status == PEERCRED_NOT_REQUESTED &&
              out.pidfd_status == PEERCRED_NOT_REQUESTED && out.pidfd == -1,
          "what is not requested is not given");
    close(fds[0]);
    close(fds[1]);
    check(peercred_pidfd_state(fds[0]) == -EBADF, "poll on a closed descriptor is EBADF");
}

// A child with other ids connects; returns the accepted socket.
static int connect_as(uid_t uid, gid_t gid, size_t group_count, pid_t *child) {
    struct sockaddr_un address;
    socklen_t length;
    int server = listener(&address, &length);
    *child = fork();
    if (*child == 0) {
        gid_t *groups = calloc(group_count + 1, sizeof *groups);
        for (size_t i = 0; i < group_count; i++) groups[i] = 3000000000u + (gid_t)i;
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        char byte;
        if (setgroups(group_count, groups) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) _exit(2);
        free(groups);
        if (connect(fd, (struct sockaddr *)&address, length)) _exit(3);
        close(server);
        _exit(read(fd, &byte, 1) == 0 ? 0 : 4);
    }
    int fd = accept(server, NULL, NULL);
    close(server);
    return fd;
}

static void other_users(void) {
    static uint32_t groups[65536];
    const uid_t ids[] = {0, 1000, 65534, 2147483648u, 4294967290u};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        pid_t child;
        int fd = connect_as(ids[i], ids[i], 0, &child);
        struct peercred out = ask_ids(fd);
        check(out.status == PEERCRED_OK && out.uid == ids[i] && out.gid == ids[i] && out.pid == child, "another user");
        close(fd);
        waitpid(child, NULL, 0);
    }
    const uint32_t counts[] = {0, 1, 64, 65536};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        pid_t child;
        int fd = connect_as(1000, 1000, counts[i], &child);
        struct peercred out = ask(fd, PEERCRED_GROUPS, (struct peercred_space){.groups = groups, .groups_capacity = 65536});
        check(out.groups_status == PEERCRED_OK && out.groups_count == counts[i], "all groups arrive");
        check(counts[i] == 0 || groups[counts[i] - 1] == 3000000000u + counts[i] - 1, "the last one too");
        if (counts[i] > 0) {
            uint32_t *exact = malloc((counts[i] - 1) * sizeof *exact + 1);
            out = ask(fd, PEERCRED_GROUPS,
                      (struct peercred_space){.groups = exact, .groups_capacity = counts[i] - 1});
            check(out.groups_status == PEERCRED_TOO_SMALL && out.groups_count == counts[i],
                  "one too few of space is said so, and how much it takes");
            free(exact);
        }
        close(fd);
        waitpid(child, NULL, 0);
    }
}

static void ended_process(void) {
    pid_t child;
    int fd = connect_as(1000, 1000, 0, &child);
    struct peercred out = ask(fd, PEERCRED_PIDFD, (struct peercred_space){0});
    if (out.pidfd_status == PEERCRED_UNSUPPORTED) {
        printf("# left out: ended processes, since this kernel has no SO_PEERPIDFD\n");
        close(fd);
        return;
    }
    shutdown(fd, SHUT_RDWR);
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    check(peercred_pidfd_state(out.pidfd) == PEERCRED_EXITED, "a zombie has ended");
    waitpid(child, NULL, 0);
    check(peercred_pidfd_state(out.pidfd) == PEERCRED_EXITED, "a reaped process has ended");
    struct peercred_process process;
    int status = peercred_pidfd_ids(out.pidfd, &process);
    check(status == PEERCRED_REAPED || status == PEERCRED_UNSUPPORTED, "a reaped process has no ids");
    close(out.pidfd);
    out = ask(fd, PEERCRED_PIDFD, (struct peercred_space){0});
    check(out.status == PEERCRED_OK && out.pid == child && out.uid == 1000, "its credentials stay");
    check(out.pidfd_status == PEERCRED_OK || out.pidfd_status == PEERCRED_REAPED, "its descriptor, if the kernel makes one");
    if (out.pidfd >= 0) close(out.pidfd);
    close(fd);
}

static struct peercred peek_for(int fd, unsigned want) {
    static char label[4096];
    const struct peercred_space space = {.label = label, .label_capacity = sizeof label};
    struct peercred out;
    memset(&out, 0xAA, sizeof out);
    peercred_peek(fd, want, &space, &out);
    return out;
}

static struct peercred peek(int fd) {
    return peek_for(fd, 0);
}

static void check_no_sender(int fd, int status, const char *what) {
    const unsigned wants[] = {0, PEERCRED_LABEL | PEERCRED_PIDFD};
    for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
        struct peercred out = peek_for(fd, wants[i]);
        check(out.status == status && out.pid == 0 && out.uid == 0 && out.gid == 0 && out.pidfd == -1 &&
                  out.pidfd_status == PEERCRED_NOT_REQUESTED && out.label_status == PEERCRED_NOT_REQUESTED,
              what);
        if (status == -ECONNRESET) return; // which only the first look meets
    }
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

// Sends one byte, with a descriptor, with credentials, or with neither. Returns 0 or errno.
static int send_byte(int through, const int *fd, const struct ucred *as) {
    char byte = 'x', control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof *as)] = {0};
    struct iovec space = {&byte, 1};
    struct msghdr message = {.msg_iov = &space, .msg_iovlen = 1, .msg_control = control};
    struct cmsghdr *header = (struct cmsghdr *)control;
    header->cmsg_level = SOL_SOCKET;
    if (fd) {
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof *fd);
        memcpy(CMSG_DATA(header), fd, sizeof *fd);
        message.msg_controllen = CMSG_SPACE(sizeof *fd);
    } else if (as) {
        header->cmsg_type = SCM_CREDENTIALS;
        header->cmsg_len = CMSG_LEN(sizeof *as);
        memcpy(CMSG_DATA(header), as, sizeof *as);
        message.msg_controllen = CMSG_SPACE(sizeof *as);
    }
    return sendmsg(through, &message, 0) == 1 ? 0 : errno;
}

static void peeks(void) {
    int fds[2];
    char byte;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    check(send_byte(fds[1], NULL, NULL) == 0, "a byte is sent");
    check_no_sender(fds[0], PEERCRED_NO_CREDENTIAL, "without the option a byte has no sender");
    check(read(fds[0], &byte, 1) == 1, "and stays to be read");
    check(peercred_pass_credentials(fds[0], 0, 1) == PEERCRED_OK, "the option goes on");
    check_no_sender(fds[0], PEERCRED_NOTHING_NOW, "nothing sent, no sender");
    check(send_byte(fds[1], NULL, NULL) == 0, "a byte is sent");
    for (int i = 0; i < 2; i++) {
        struct peercred out = peek(fds[0]);
        check(out.status == PEERCRED_OK && out.pid == getpid() && out.uid == getuid() && out.gid == getgid(),
              "a byte has a sender, however often one looks");
    }
    check(read(fds[0], &byte, 1) == 1 && byte == 'x', "the byte is still there");
    int before = open_descriptors();
    check(send_byte(fds[1], &fds[1], NULL) == 0, "a byte is sent with a descriptor");
    for (int i = 0; i < 100; i++) {
        if (peek(fds[0]).status != PEERCRED_OK) exit(2);
    }
    check(open_descriptors() == before, "peeks bring in no descriptor");
    check(read(fds[0], &byte, 1) == 1, "the byte is still there");
    if (geteuid() == 0) {
        const struct ucred other = {.pid = 1, .uid = 4294967290u, .gid = 2147483648u};
        check(send_byte(fds[1], NULL, &other) == 0, "root sends in the name of another");
        struct peercred out = peek(fds[0]);
        check(out.status == PEERCRED_OK && out.pid == 1 && out.uid == 4294967290u && out.gid == 2147483648u,
              "and that one is the sender");
        check(read(fds[0], &byte, 1) == 1, "the byte is still there");
    }
#ifdef SO_PEEK_OFF
    const int offset = 1;
    check(setsockopt(fds[0], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0 && send_byte(fds[1], NULL, NULL) == 0,
          "a byte is sent, and looks begin behind it");
    check(peek(fds[0]).status == PEERCRED_NOTHING_NOW, "so they see nothing");
    check(peercred_pass_credentials(fds[0], PEERCRED_CHECK_SOCKET, 1) == PEERCRED_OK && peek(fds[0]).status == PEERCRED_OK &&
              peek(fds[0]).pid == getpid(),
          "of a socket from elsewhere that is undone");
    check(read(fds[0], &byte, 1) == 1, "the byte is still there");
#endif
    check(peercred_pass_credentials(fds[0], 0, 0) == PEERCRED_OK, "the option goes off");
    check(send_byte(fds[1], NULL, NULL) == 0, "a byte is sent");
    check_no_sender(fds[0], PEERCRED_NO_CREDENTIAL, "which has no sender then");
    check(peercred_pass_credentials(fds[0], 0, 1) == PEERCRED_OK && peek(fds[0]).status == PEERCRED_OK &&
              peek(fds[0]).pid == 0,
          "nor when the option goes on after it was sent: its pid is 0");
    check(read(fds[0], &byte, 1) == 1, "the byte is still there");
    close(fds[1]);
    check_no_sender(fds[0], PEERCRED_END, "the end of a stream was sent by nobody");
    close(fds[0]);
    check_no_sender(fds[0], -EBADF, "a closed descriptor is EBADF");
    check(peercred_pass_credentials(fds[0], 0, 1) == -EBADF, "for the option too");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    check(send_byte(fds[0], NULL, NULL) == 0, "a byte is sent");
    close(fds[1]);
    check_no_sender(fds[0], -ECONNRESET, "a peer that closes without reading is an error");
    check_no_sender(fds[0], PEERCRED_END, "once");
    close(fds[0]);
}

// Sends one byte with many descriptors. Returns 0 or errno.
static int send_descriptors(int through, int fd, size_t count) {
    char byte = 'x', control[CMSG_SPACE(253 * sizeof fd)] = {0};
    struct iovec space = {&byte, 1};
    struct msghdr message = {.msg_iov = &space, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = CMSG_SPACE(count * sizeof fd)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof fd);
    for (size_t i = 0; i < count; i++) memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
    return sendmsg(through, &message, 0) == 1 ? 0 : errno;
}

static void peeks_at_more(void) {
    const unsigned all = PEERCRED_LABEL | PEERCRED_PIDFD;
    int fds[2];
    char byte;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    check(peercred_pass_credentials(fds[0], all, 1) == PEERCRED_OK, "all options go on");
    int before = open_descriptors();
    const size_t counts[] = {0, 1, 2, 3, 253};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        check((counts[i] ? send_descriptors(fds[1], fds[1], counts[i]) : send_byte(fds[1], NULL, NULL)) == 0,
              "a byte is sent, perhaps with descriptors");
        struct peercred out = peek_for(fds[0], all);
        check(out.status == PEERCRED_OK && out.pid == getpid() && out.uid == getuid(), "it has a sender");
        check(out.label_status == PEERCRED_OK || out.label_status == PEERCRED_UNSUPPORTED, "its label");
        check(out.pidfd_status == PEERCRED_OK || out.pidfd_status == PEERCRED_UNSUPPORTED,
              "its process, which no passed descriptor crowds out");
        if (out.pidfd_status == PEERCRED_OK) {
            check(fcntl(out.pidfd, F_GETFD) == FD_CLOEXEC && peercred_pidfd_state(out.pidfd) == PEERCRED_OK,
                  "a descriptor of it that closes on exec");
            close(out.pidfd);
        }
        check(open_descriptors() == before, "what was passed is closed");
        out = peek_for(fds[0], PEERCRED_LABEL);
        check(out.pidfd == -1 && out.pidfd_status == PEERCRED_NOT_REQUESTED && open_descriptors() == before,
              "and so is the process descriptor that nobody asked for");
        check(read(fds[0], &byte, 1) == 1, "the byte is still there");
    }
    close(fds[1]);
    check_no_sender(fds[0], PEERCRED_END, "the end of a stream was sent by nobody");
    close(fds[0]);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    int status = peercred_pass_descriptors(fds[0], 0);
    check(status == PEERCRED_OK || status == PEERCRED_UNSUPPORTED, "descriptors are refused, or cannot be");
    if (status == PEERCRED_OK) {
        check(send_descriptors(fds[1], fds[1], 1) == EPERM, "who passes one gets EPERM");
        check(peercred_pass_descriptors(fds[0], 1) == PEERCRED_OK && send_descriptors(fds[1], fds[1], 1) == 0,
              "until they are let in again");
    }
    close(fds[0]);
    close(fds[1]);
    check(peercred_pass_descriptors(fds[0], 0) == -EBADF, "a closed descriptor is EBADF");
}

enum { DATAGRAM_SPACE = 64 };

struct burst {
    struct peercred_datagram datagrams[PEERCRED_BURST];
    char bytes[PEERCRED_BURST][DATAGRAM_SPACE];
};

static int receive(int fd, unsigned want, struct burst *burst, unsigned count) {
    static char label[4096];
    const struct peercred_space space = {.label = label, .label_capacity = sizeof label};
    memset(burst, 0xAA, sizeof *burst);
    for (unsigned i = 0; i < PEERCRED_BURST; i++) {
        burst->datagrams[i].space = (uint64_t)(uintptr_t)burst->bytes[i];
        burst->datagrams[i].capacity = DATAGRAM_SPACE;
    }
    return peercred_receive(fd, want, &space, burst->datagrams, count);
}

static struct peercred peek_datagram(int fd, unsigned want, uint32_t *length) {
    static char label[4096];
    const struct peercred_space space = {.label = label, .label_capacity = sizeof label};
    struct peercred out;
    memset(&out, 0xAA, sizeof out);
    *length = 0xAAAAAAAA;
    peercred_peek_datagram(fd, want, &space, length, &out);
    return out;
}

static bool is_self(const struct peercred *sender) {
    return sender->status == PEERCRED_OK && sender->pid == getpid() && sender->uid == getuid() && sender->gid == getgid();
}

static void datagrams(void) {
    static struct burst burst;
    static char big[200000];
    int fds[2];
    uint32_t length;
    const unsigned all = PEERCRED_LABEL | PEERCRED_PIDFD;
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) != 0) exit(2);
    check(peercred_check_datagram(fds[0]) == PEERCRED_OK, "a datagram socket is one");
    check(send(fds[1], "a", 1, 0) == 1, "a datagram is sent");
    check(peek_datagram(fds[0], 0, &length).status == PEERCRED_NO_CREDENTIAL && length == 1,
          "without the option a datagram has no sender, and a length");
    check(receive(fds[0], 0, &burst, 1) == 1 && burst.datagrams[0].sender.status == PEERCRED_NO_CREDENTIAL,
          "nor when it is received");
    check(send(fds[1], "a", 1, 0) == 1 && peercred_pass_credentials(fds[0], 0, 1) == PEERCRED_OK, "sent before the option");
    struct peercred sender = peek_datagram(fds[0], 0, &length);
    check(sender.status == PEERCRED_OK && sender.pid == 0, "its pid is 0");
    check(receive(fds[0], 0, &burst, 1) == 1 && burst.datagrams[0].sender.pid == 0, "when received too");
    check(peek_datagram(fds[0], 0, &length).status == PEERCRED_NOTHING_NOW && length == 0, "nothing sent, nothing there");
    check(receive(fds[0], 0, &burst, 4) == 0, "nor to receive");
    check(send(fds[1], "", 0, 0) == 0, "an empty datagram is sent");
    sender = peek_datagram(fds[0], 0, &length);
    check(is_self(&sender) && length == 0, "it has a sender, and is no end of a stream");
    check(receive(fds[0], 0, &burst, 4) == 1 && is_self(&burst.datagrams[0].sender) && burst.datagrams[0].length == 0,
          "and is received");
    for (size_t i = 0; i < 3; i++) {
        const size_t lengths[] = {DATAGRAM_SPACE, DATAGRAM_SPACE + 1, sizeof big - 1};
        memset(big, 'a' + (int)i, sizeof big);
        check(send(fds[1], big, lengths[i], 0) == (ssize_t)lengths[i], "a datagram is sent");
        sender = peek_datagram(fds[0], 0, &length);
        check(is_self(&sender) && length == lengths[i], "a look tells its length");
        check(receive(fds[0], 0, &burst, 4) == 1 && burst.datagrams[0].length == lengths[i], "so does receiving it");
        check(memcmp(burst.bytes[0], big, DATAGRAM_SPACE) == 0, "with the bytes that there is room for");
    }
    for (char c = 0; c < 5; c++) {
        if (send(fds[1], &c, 1, 0) != 1) exit(2);
    }
    check(receive(fds[0], 0, &burst, 3) == 3 && burst.bytes[2][0] == 2, "as many as asked for are received, in order");
    check(receive(fds[0], all, &burst, 16) == 1 && burst.bytes[0][0] == 3, "one alone, with all there is about it");
    sender = burst.datagrams[0].sender;
    check(is_self(&sender), "its sender");
    if (sender.pidfd_status == PEERCRED_OK) close(sender.pidfd);
    check(receive(fds[0], 0, &burst, 16) == 1 && burst.bytes[0][0] == 4, "and the rest");
    check(burst.datagrams[0].name_length == 0, "a pair has no names");
    const int before = open_descriptors();
    check(peercred_pass_credentials(fds[0], all, 1) == PEERCRED_OK, "all options go on");
    const size_t counts[] = {0, 1, 2, 3, 253};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const unsigned wants[] = {all, PEERCRED_LABEL, 0};
        for (size_t j = 0; j < sizeof wants / sizeof wants[0]; j++) {
            check((counts[i] ? send_descriptors(fds[1], fds[1], counts[i]) : send_byte(fds[1], NULL, NULL)) == 0,
                  "a datagram is sent, perhaps with descriptors");
            sender = peek_datagram(fds[0], wants[j], &length);
            check(is_self(&sender) && length == 1, "it has a sender");
            if (sender.pidfd >= 0) close(sender.pidfd);
            check(receive(fds[0], wants[j], &burst, 16) == 1 && is_self(&burst.datagrams[0].sender), "also when received");
            sender = burst.datagrams[0].sender;
            if (wants[j] & PEERCRED_PIDFD) {
                check(sender.pidfd_status == PEERCRED_OK || sender.pidfd_status == PEERCRED_UNSUPPORTED,
                      "its process, which no passed descriptor crowds out");
                if (sender.pidfd >= 0) {
                    check(fcntl(sender.pidfd, F_GETFD) == FD_CLOEXEC, "a descriptor of it that closes on exec");
                    close(sender.pidfd);
                }
            } else {
                check(sender.pidfd == -1 && sender.pidfd_status == PEERCRED_NOT_REQUESTED, "no process unless asked for");
            }
            check(open_descriptors() == before, "what was passed is closed");
        }
    }
    if (geteuid() == 0) {
        const struct ucred other = {.pid = 1, .uid = 4294967290u, .gid = 2147483648u};
        check(send_byte(fds[1], NULL, NULL) == 0 && send_byte(fds[1], NULL, &other) == 0 && send_byte(fds[1], NULL, NULL) == 0,
              "root sends, in the name of another in between");
        check(receive(fds[0], 0, &burst, 16) == 3 && burst.datagrams[1].sender.pid == 1 &&
                  burst.datagrams[1].sender.uid == 4294967290u && burst.datagrams[1].sender.gid == 2147483648u,
              "and that one is the sender of this datagram");
        check(is_self(&burst.datagrams[0].sender) && is_self(&burst.datagrams[2].sender), "and of no other in the burst");
    }
    close(fds[0]);
    close(fds[1]);
    check(receive(fds[0], 0, &burst, 1) == -EBADF, "a closed descriptor is EBADF");
    check(peek_datagram(fds[0], 0, &length).status == -EBADF && length == 0, "to look as well");
    check(peercred_check_datagram(fds[0]) == -EBADF, "and to check");
    const int stream = socket(AF_UNIX, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    check(peercred_check_datagram(stream) == PEERCRED_NOT_UNIX_SOCKET, "a stream socket is no datagram socket");
    check(peercred_check_datagram(udp) == PEERCRED_NOT_UNIX_SOCKET, "a UDP socket is no Unix socket");
    close(stream);
    close(udp);
}

// Sends one byte to an address from a socket bound to another; checks the name under which it arrives.
static void check_name(int to, const struct sockaddr_un *address, socklen_t length, const char *name, size_t size) {
    static struct burst burst;
    struct sockaddr_un from = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    memcpy(from.sun_path, name, size);
    const socklen_t from_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (size > 0 && bind(fd, (struct sockaddr *)&from, from_length) != 0) exit(2);
    if (sendto(fd, "n", 1, 0, (const struct sockaddr *)address, length) != 1) exit(2);
    check(receive(to, 0, &burst, 1) == 1 && burst.datagrams[0].name_length == size &&
              memcmp(burst.datagrams[0].name, name, size) == 0,
          "a sender's name is whole");
    close(fd);
    if (size > 0 && name[0] != '\0') unlink(from.sun_path);
}

static void names(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    char name[sizeof address.sun_path] = {0};
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) != 0) exit(2);
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) exit(2);
    check_name(fd, &address, length, name, 0);
    memset(name + 1, 'a', sizeof name - 1);
    name[3] = '\0';
    check_name(fd, &address, length, name, 2);
    check_name(fd, &address, length, name, 5);
    check_name(fd, &address, length, name, sizeof name);
    char folder[] = "/tmp/peercredXXXXXX";
    if (mkdtemp(folder) == NULL) exit(2);
    const size_t prefix = strlen(folder);
    memcpy(name, folder, prefix);
    name[prefix] = '/';
    memset(name + prefix + 1, 'p', sizeof name - prefix - 1);
    check_name(fd, &address, length, name, prefix + 2);
    check_name(fd, &address, length, name, sizeof name - 1);
    rmdir(folder);
    close(fd);
}

static struct peercred_sent send_bytes(int fd, const void *bytes, uint32_t length, struct peercred_sender as) {
    struct peercred_sent out;
    memset(&out, 0xAA, sizeof out);
    peercred_send(fd, bytes, length, &as, &out);
    return out;
}

static int send_status(int fd, struct peercred_sender as) {
    struct peercred_sent out = send_bytes(fd, "x", 1, as);
    check(out.count == (out.status == PEERCRED_OK), "what fails sends nothing");
    return out.status;
}

// Whether the next byte of a socket was sent under these ids; takes it.
static bool received(int fd, uid_t uid, gid_t gid, pid_t pid) {
    char byte;
    struct peercred out = peek(fd);
    return out.status == PEERCRED_OK && out.uid == uid && out.gid == gid && out.pid == pid && read(fd, &byte, 1) == 1;
}

// The look of the BSDs, as far as it is no matter of control messages: how long a datagram is, and that it stays.
static void looks_of_the_bsds(void) {
    static const struct peercred_control none = {.data_at = 16, .alignment = 8, .level = SOL_SOCKET};
    static char bytes[300 * 1024];
    static const uint32_t lengths[] = {0, 1, 4095, 4096, 4097, 100000};
    struct peercred out;
    uint32_t length;
    int fds[2], space = 2 * (int)sizeof bytes;
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) != 0) exit(2);
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &space, sizeof space);
    check(peercred_ask_datagram(fds[0]) == PEERCRED_OK, "a datagram socket is one");
    peercred_peek_datagram_control(&none, fds[0], 0, &length, &out);
    check(out.status == PEERCRED_NOTHING_NOW && length == 0, "no datagram");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        if (send(fds[1], bytes, lengths[i], 0) != (ssize_t)lengths[i]) exit(2);
        for (int again = 0; again < 2; again++) {
            peercred_peek_datagram_control(&none, fds[0], 0, &length, &out);
            check(out.status == PEERCRED_NO_CREDENTIAL && length == lengths[i] && out.pid == 0 && out.uid == 0, "its length");
        }
        check(recv(fds[0], bytes, sizeof bytes, MSG_DONTWAIT) == (ssize_t)lengths[i], "it is still there");
    }
    if (send(fds[1], bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes) { // takes root
        peercred_peek_datagram_control(&none, fds[0], 0, &length, &out);
        check(out.status == PEERCRED_TRUNCATED && out.uid == 0, "too long to be looked at");
    }
    close(fds[0]);
    peercred_peek_datagram_control(&none, fds[0], 0, &length, &out);
    check(out.status == -EBADF && length == 0, "a closed descriptor");
    close(fds[1]);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    check(peercred_ask_datagram(fds[0]) == PEERCRED_NOT_UNIX_SOCKET, "a stream is none");
    peercred_peek_control(&none, fds[0], 0, &out);
    check(out.status == PEERCRED_NOTHING_NOW, "nothing to be read");
    if (send(fds[1], "x", 1, 0) != 1) exit(2);
    peercred_peek_control(&none, fds[0], 0, &out);
    check(out.status == PEERCRED_NO_CREDENTIAL, "a byte without credentials");
    check(recv(fds[0], bytes, 1, MSG_DONTWAIT) == 1, "the byte is still there");
    close(fds[1]);
    peercred_peek_control(&none, fds[0], 0, &out);
    check(out.status == PEERCRED_END, "the end of the stream");
    close(fds[0]);
}

static void sends(void) {
    int fds[2];
    char byte;
    const struct peercred_sender own = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    check(send_status(fds[1], own) == PEERCRED_OK, "a byte is sent with credentials ahead of the receiver's option");
    check(peercred_pass_credentials(fds[0], 0, 1) == PEERCRED_OK, "the option goes on");
    check(received(fds[0], getuid(), getgid(), getpid()), "its sender is known all the same");
    static char much[1 << 20];
    for (size_t i = 0; i < sizeof much; i++) much[i] = (char)(i * 31 >> 3);
    struct peercred_sent out = send_bytes(fds[1], much, sizeof much, own);
    check(out.status == PEERCRED_OK && out.count > 0 && out.count < sizeof much, "a full socket takes a part");
    check(send_status(fds[1], own) == PEERCRED_NOTHING_NOW, "and then nothing");
    uint32_t same = 0;
    while (same < out.count && read(fds[0], &byte, 1) == 1 && byte == much[same]) same++;
    check(same == out.count, "what it took arrives");
    check(peek(fds[0]).status == PEERCRED_NOTHING_NOW, "and no more");
    check(send_bytes(fds[1], much, 0, own).status == PEERCRED_OK && peek(fds[0]).status == PEERCRED_NOTHING_NOW,
          "no bytes are no message");
    const struct peercred_sender nobody = {.ids = PEERCRED_GIVEN, .uid = (uid_t)-1, .gid = getgid()};
    check(send_status(fds[1], nobody) == -EINVAL, "uid -1 is nobody's");
    close(fds[0]);
    check(send_status(fds[1], own) == -EPIPE, "a peer that has closed is EPIPE, without a signal");
    close(fds[1]);
    check(send_status(fds[1], own) == -EBADF, "a closed descriptor is EBADF");
}

static int refused_send(int fd, uid_t uid, gid_t gid, pid_t pid) {
    return send_status(fd, (struct peercred_sender){.ids = PEERCRED_GIVEN, .pid = pid, .uid = uid, .gid = gid});
}

static void sends_of_others(void) {
    int fds[2], status;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) exit(2);
    check(peercred_pass_credentials(fds[0], 0, 1) == PEERCRED_OK, "the option goes on");
    check(refused_send(fds[1], 4294967294u, 2147483648u, 1) == PEERCRED_OK, "root sends in the name of another");
    check(received(fds[0], 4294967294u, 2147483648u, 1), "and that one is the sender");
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    check(refused_send(fds[1], 0, 0, child) == -ESRCH, "a process that has ended sends nothing");
    child = fork();
    if (child == 0) {
        if (setresgid(100, 101, 102) || setresuid(1000, 1001, 1002)) _exit(2);
        for (int ids = PEERCRED_REAL; ids <= PEERCRED_SAVED; ids++) {
            check(send_status(fds[1], (struct peercred_sender){.ids = ids}) == PEERCRED_OK, "its own ids");
        }
        check(refused_send(fds[1], 1002, 100, 0) == PEERCRED_OK, "its own ids, mixed");
        check(refused_send(fds[1], 0, 100, 0) == -EPERM, "another's uid");
        check(refused_send(fds[1], 1000, 0, 0) == -EPERM, "another's gid");
        check(refused_send(fds[1], 1000, 100, 1) == -EPERM, "another's pid");
        _exit(0);
    }
    waitpid(child, &status, 0);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "an ordinary process may send under its own ids alone");
    for (unsigned i = 0; i < 3; i++) check(received(fds[0], 1000 + i, 100 + i, child), "real, effective, saved");
    check(received(fds[0], 1002, 100, child), "a saved uid with a real gid");
    check(peek(fds[0]).status == PEERCRED_NOTHING_NOW, "and nothing of what was refused");
    close(fds[0]);
    close(fds[1]);
}

static void accounts(void) {
    char name[4096];
    check(peercred_user_name(0, name, sizeof name) == PEERCRED_OK && strcmp(name, "root") == 0, "uid 0 is root");
    check(peercred_group_name(0, name, sizeof name) == PEERCRED_OK && name[0] != '\0', "gid 0 has a name");
    check(peercred_user_name(4123456789u, name, sizeof name) == PEERCRED_NOT_FOUND, "a uid without a name");
    check(peercred_group_name(4123456789u, name, sizeof name) == PEERCRED_NOT_FOUND, "a gid without a name");
    char *tiny = malloc(1);
    check(peercred_user_name(0, tiny, 1) == PEERCRED_TOO_SMALL, "a name that needs more space");
    free(tiny);
}

void file_tests(void (*check)(bool ok, const char *what)); // peercred_file_test.c
void service_tests(void (*check)(bool ok, const char *what)); // peercred_service_test.c

int main(void) {
    absent_sockets();
    pair();
    peeks();
    peeks_at_more();
    datagrams();
    names();
    looks_of_the_bsds();
    sends();
    accounts();
    if (geteuid() == 0) {
        sends_of_others();
        other_users();
        ended_process();
    } else {
        printf("# left out: other users and ended processes, which need root\n");
    }
    file_tests(check);
    service_tests(check);
    printf("1..%d\n", cases);
    return 0;
}
