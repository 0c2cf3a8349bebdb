// SPDX-License-Identifier: Apache-2.0
//
// Has what a forked child of a server would have: a descriptor of the same listening socket.
//   holder PID FD      keeps a copy of that descriptor of that process until stdin ends
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    int pidfd = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
    int copy = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(argv[2]), 0);
    if (copy < 0) {
        perror("pidfd_getfd");
        return 1;
    }
    printf("holds\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    return 0;
}
