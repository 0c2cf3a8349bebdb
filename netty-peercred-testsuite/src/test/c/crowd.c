// SPDX-License-Identifier: Apache-2.0
//
// Many clients of an echo server in one process, friendly or not:
//
//   echo PATH UID N ROUNDS SIZE  as a user: N connections; ROUNDS times over each write SIZE bytes and read them back.
//                                Prints how many came back right, and how many connections failed
//   flood PATH UID               as a user: connect and close, for ever
//   datagrams PATH UID           as a user: connect once, and send datagrams to PATH with a "d" behind it, for ever
//   hold PATH UID N              as a user: connect N times, print how many the server kept, wait for a line
//   deaf PATH UID N              as a user: N connections; write to all of them, for ever, and never read
//   fold PATH UID N              as N users from UID on, a connection each: write to all of them for ever, and read what comes back
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un server = {.sun_family = AF_UNIX};

static void die(const char *what) {
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_connection(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) die("socket");
    // Blocks while the backlog is full.
    if (connect(fd, (struct sockaddr *)&server, sizeof server)) die("connect");
    return fd;
}

static int echo(int count, int rounds, size_t size) {
    int right = 0, failed = 0;
    int *fds = calloc((size_t)count, sizeof *fds);
    char *out = malloc(size), *in = malloc(size);
    for (int i = 0; i < count; i++) fds[i] = open_connection();
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            if (fds[i] < 0) continue;
            for (size_t k = 0; k < size; k++) out[k] = (char)(k * 7 + (size_t)round * 13 + (size_t)i);
            size_t sent = 0, got = 0;
            ssize_t n = 1;
            while (sent < size && (n = send(fds[i], out + sent, size - sent, MSG_NOSIGNAL)) > 0) sent += (size_t)n;
            while (n > 0 && got < size && (n = read(fds[i], in + got, size - got)) > 0) got += (size_t)n;
            if (got == size && memcmp(in, out, size) == 0) {
                right++;
            } else {
                failed++;
                close(fds[i]);
                fds[i] = -1;
            }
        }
    }
    printf("%d %d\n", right, failed);
    return 0;
}

static void datagrams(void) {
    static char bytes[4096];
    int fd;
    open_connection();
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) die("socket");
    strcat(server.sun_path, "d");
    for (;;) {
        if (sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&server, sizeof server) < 0) die("sendto");
    }
}

static int hold(int count) {
    int *fds = calloc((size_t)count, sizeof *fds), kept = 0;
    char byte = 'x';
    for (int i = 0; i < count; i++) {
        fds[i] = open_connection();
        if (send(fds[i], &byte, 1, MSG_NOSIGNAL) == 1 && read(fds[i], &byte, 1) == 1) kept++;
    }
    printf("%d\n", kept);
    fflush(stdout);
    (void)!read(STDIN_FILENO, &byte, 1);
    return 0;
}

static void write_for_ever(struct pollfd *fds, nfds_t count, bool reads) {
    static char bytes[4096];
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].fd >= 0 && fcntl(fds[i].fd, F_SETFL, O_NONBLOCK)) die("fcntl");
        fds[i].events = POLLOUT | (reads ? POLLIN : 0);
    }
    for (;;) {
        poll(fds, count, 100);
        for (nfds_t i = 0; i < count; i++) {
            if (fds[i].fd < 0 || !fds[i].revents) continue;
            ssize_t got = reads ? read(fds[i].fd, bytes, sizeof bytes) : -1;
            if (got == 0 || (send(fds[i].fd, bytes, sizeof bytes, MSG_NOSIGNAL) < 0 && errno != EAGAIN)) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 4 || strlen(argv[2]) + 1 >= sizeof server.sun_path) return 2;
    strcpy(server.sun_path, argv[2]);
    const char *what = argv[1];
    uid_t uid = (uid_t)strtoul(argv[3], NULL, 10);
    int count = argc > 4 ? atoi(argv[4]) : 0;
    struct pollfd *fds = calloc((size_t)count + 1, sizeof *fds);
    if (strcmp(what, "fold") == 0) {
        for (int i = 0; i < count; i++) {
            if (seteuid(uid + (uid_t)i)) die("seteuid");
            fds[i].fd = open_connection();
            if (seteuid(0)) die("seteuid");
        }
        write_for_ever(fds, (nfds_t)count, true);
    }
    if (setuid(uid)) die("setuid");
    if (strcmp(what, "echo") == 0 && argc == 7) return echo(count, atoi(argv[5]), strtoul(argv[6], NULL, 10));
    if (strcmp(what, "hold") == 0) return hold(count);
    if (strcmp(what, "flood") == 0) {
        for (;;) close(open_connection());
    }
    if (strcmp(what, "datagrams") == 0) datagrams();
    if (strcmp(what, "deaf") == 0) {
        for (int i = 0; i < count; i++) fds[i].fd = open_connection();
        write_for_ever(fds, (nfds_t)count, false);
    }
    return 2;
}
