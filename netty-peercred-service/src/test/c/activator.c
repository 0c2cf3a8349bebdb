// SPDX-License-Identifier: Apache-2.0
//
// Does what systemd does for a socket unit: listens at PATH, starts the program with the socket as descriptor 3, and keeps it.
//   activator PATH PROGRAM ARGUMENT...
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int result, const char *call) {
    if (result >= 0) return;
    perror(call);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    check(fd, "socket");
    check(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    check(listen(fd, 64), "listen");
    printf("listens\n");
    fflush(stdout);
    if (getchar() == EOF) return 0;
    pid_t child = fork();
    check(child, "fork");
    if (child == 0) {
        char pid[16];
        snprintf(pid, sizeof pid, "%d", (int)getpid());
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "1", 1);
        if (fd != 3) check(dup2(fd, 3), "dup2");
        execv(argv[2], argv + 2);
        check(-1, "execv");
    }
    int status;
    waitpid(child, &status, 0);
    printf("ended\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    return 0;
}
