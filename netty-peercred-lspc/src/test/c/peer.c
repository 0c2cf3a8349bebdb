// SPDX-License-Identifier: Apache-2.0
//
// The other end in the tests of lspc, as a process of its own. It says when it is there, and stays until stdin ends.
//   peer connect PATH [NAME]   connects, from a socket bound to NAME if given
//   peer talk PATH             connects, sends a few bytes and closes the connection
//   peer share PATH UID        connects, sends 1 byte, and has a child of that uid send 2 through the same connection
//   peer send PATH N           sends a datagram of N bytes
//   peer stale PATH            leaves a stream socket behind that nobody listens on
//   peer full PATH             listens, accepts nobody, and fills its own backlog
//   peer inherit PATH          listens, and has a child serve on that survives it
//   peer datagram PATH         binds a datagram socket
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void check(int result, const char *call) {
    if (result >= 0) return;
    perror(call);
    exit(1);
}

static struct sockaddr_un address_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "the path is too long\n");
        exit(1);
    }
    strcpy(address.sun_path, path);
    return address;
}

static int unix_socket(int type) {
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    check(fd, "socket");
    return fd;
}

static void bind_to(int fd, const char *path) {
    struct sockaddr_un address = address_of(path);
    check(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
}

static int connect_to(int fd, const char *path) {
    struct sockaddr_un address = address_of(path);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int listener(const char *path, int backlog) {
    int fd = unix_socket(SOCK_STREAM);
    bind_to(fd, path);
    check(listen(fd, backlog), "listen");
    return fd;
}

static void say(const char *line) {
    puts(line);
    fflush(stdout);
}

static void stay(void) {
    while (getchar() != EOF) {
    }
}

static void fill(const char *path) {
    for (;;) {
        int fd = unix_socket(SOCK_STREAM | SOCK_NONBLOCK);
        if (connect_to(fd, path) == 0) continue; // kept open
        if (errno == EAGAIN) return;
        check(-1, "connect");
    }
}

static void serve(int fd) {
    for (;;) {
        struct pollfd ready[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        check(poll(ready, 2, -1), "poll");
        if (ready[1].revents) return; // stdin has ended
        int connection = accept(fd, NULL, NULL);
        check(connection, "accept");
        close(connection);
    }
}

int main(int argc, char **argv) {
    const char *role = argc > 1 ? argv[1] : "";
    const char *path = argc > 2 ? argv[2] : "";
    if (strcmp(role, "connect") == 0) {
        int fd = unix_socket(SOCK_STREAM);
        if (argc > 3) bind_to(fd, argv[3]);
        check(connect_to(fd, path), "connect");
    } else if (strcmp(role, "talk") == 0) {
        int fd = unix_socket(SOCK_STREAM);
        check(connect_to(fd, path), "connect");
        check((int)write(fd, "hello", 5), "write");
        close(fd);
    } else if (strcmp(role, "share") == 0) {
        int fd = unix_socket(SOCK_STREAM);
        check(connect_to(fd, path), "connect");
        check((int)write(fd, "1", 1), "write");
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) {
            check(setuid((uid_t)strtoul(argv[3], NULL, 10)), "setuid");
            check((int)write(fd, "22", 2), "write");
            return 0;
        }
    } else if (strcmp(role, "send") == 0) {
        char bytes[65536] = {0};
        int fd = unix_socket(SOCK_DGRAM);
        check(connect_to(fd, path), "connect");
        check((int)send(fd, bytes, strtoul(argv[3], NULL, 10), 0), "send");
    } else if (strcmp(role, "stale") == 0) {
        close(listener(path, 1));
    } else if (strcmp(role, "full") == 0) {
        listener(path, 0);
        fill(path);
    } else if (strcmp(role, "datagram") == 0) {
        bind_to(unix_socket(SOCK_DGRAM), path);
    } else if (strcmp(role, "inherit") == 0) {
        int fd = listener(path, 8);
        pid_t child = fork();
        check(child, "fork");
        if (child == 0) {
            serve(fd);
            return 0;
        }
        say("there");
        pause(); // until it is killed
    } else {
        fprintf(stderr, "unknown role '%s'\n", role);
        return 2;
    }
    say("there");
    stay();
    return 0;
}
