// SPDX-License-Identifier: Apache-2.0
//
// Tests the functions of peercred_service.h, as a part of peercred_test.
#define _GNU_SOURCE
#include "peercred_service.h"
#include "peercred.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int next_descriptor(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

static void locks(int folder, void (*check)(bool ok, const char *what)) {
    int first = peercred_service_open_lock(folder, "lock"), second = peercred_service_open_lock(folder, "lock");
    check(first >= 0 && second >= 0, "a lock file is made and opened");
    check(peercred_service_lock(first, 1) == 0, "a free lock");
    check(peercred_service_lock(second, 1) == -EAGAIN, "a lock that another description has");
    check(peercred_service_lock(first, 0) == 0 && peercred_service_lock(second, 1) == 0, "a lock given back");
    close(first);
    close(second);
    if (symlinkat("lock", folder, "link") != 0) exit(2);
    check(peercred_service_open_lock(folder, "link") == -ELOOP, "a lock file that is a link");
    unlinkat(folder, "link", 0);
    unlinkat(folder, "lock", 0);
}

static void sockets(int folder, const char *path, void (*check)(bool ok, const char *what)) {
    char bound[256], name[108];
    struct peercred_inode inode, held_inode;
    snprintf(bound, sizeof bound, "%s/new/s", path);
    int inner = peercred_service_private_folder(folder, "new");
    check(inner >= 0 && peercred_service_stat(inner, NULL, &inode) == 0 && (inode.mode & 07777) == 0700, "a private folder");
    int fd = peercred_service_socket(0640);
    check(peercred_service_connect(fd, 0) == -ECONNREFUSED || fd >= 0, "a socket");
    check(peercred_service_listener_path(fd, name, sizeof name) == -ENOTSOCK, "a socket that does not listen");
    check(peercred_service_bind(fd, bound) == 0, "a socket is bound");
    int held = peercred_service_hold(inner, "s");
    check(peercred_service_stat(held, NULL, &held_inode) == 0 && (held_inode.mode & 07777) == 0640, "its mode from the first");
    check(peercred_service_connect(held, 10) == -ECONNREFUSED, "nobody listens yet");
    check(peercred_service_listen(fd, 0) == 0, "it listens");
    check(peercred_service_rename(inner, "s", folder, "socket", 0) == 0, "it moves to its name");
    check(peercred_service_stat(folder, "socket", &inode) == 0 && inode.inode == held_inode.inode, "it is the same inode");
    check(peercred_service_listener_path(fd, name, sizeof name) == (int)strlen(bound) && memcmp(name, bound, strlen(bound)) == 0,
          "the path that it was bound to");
    int first = peercred_service_connect(held, 10), second = peercred_service_connect(held, 10);
    check(first >= 0 && second == -EAGAIN, "a full backlog");
    int other = peercred_service_socket(0600);
    check(peercred_service_bind(other, bound) == 0, "a second socket");
    check(peercred_service_rename(inner, "s", folder, "socket", 0) == -EEXIST, "a name that is taken");
    check(peercred_service_rename(inner, "s", folder, "socket", 1) == 0, "a name that is replaced");
    char long_path[200];
    memset(long_path, 'p', sizeof long_path);
    long_path[sizeof long_path - 1] = 0;
    check(peercred_service_bind(fd, long_path) == -ENAMETOOLONG, "a path that is too long");
    close(first);
    close(other);
    close(fd);
    close(held);
    peercred_service_unlink(folder, "socket");
    check(peercred_service_remove_folder(folder, "new") == 0, "the private folder goes");
    close(inner);
}

static void messages(void (*check)(bool ok, const char *what)) {
    int pair[2], passed[2], received[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 || pipe2(passed, O_CLOEXEC) != 0) exit(2);
    check(peercred_service_receive(pair[1], 1, received) == -EAGAIN, "no byte in time");
    check(peercred_service_send(pair[0], 0x81, passed[0], passed[1]) == 0, "a byte with two descriptors");
    check(peercred_service_receive(pair[1], 100, received) == 0x81 && received[0] >= 0 && received[1] >= 0, "both arrive");
    check(fcntl(received[0], F_GETFD) == FD_CLOEXEC, "close-on-exec");
    close(received[0]);
    close(received[1]);
    check(peercred_service_send(pair[0], 7, -1, -1) == 0, "a byte alone");
    check(peercred_service_refuse_more(pair[1]) == 0, "no more is taken");
    check(peercred_service_send(pair[0], 8, -1, -1) == -EPIPE, "the next one fails");
    check(peercred_service_receive(pair[1], 100, received) == 7 && received[0] == -1, "what was sent before arrives");
    check(peercred_service_receive(pair[1], 100, received) == -EPIPE, "the end of the stream");
    for (int i = 0; i < 2; i++) {
        close(pair[i]);
        close(passed[i]);
    }
}

static void processes(void (*check)(bool ok, const char *what)) {
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    check(peercred_service_await_exit(pidfd, 1) == 0, "a process that runs");
    check(peercred_service_signal(pidfd, SIGTERM) == 0, "a signal");
    check(peercred_service_await_exit(pidfd, -1) == 1, "a process that has ended");
    int status = 0;
    waitpid(child, &status, 0);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "by that signal");
    check(peercred_service_signal(pidfd, SIGTERM) == -ESRCH, "nobody is left to signal");
    close(pidfd);
}

void service_tests(void (*check)(bool ok, const char *what)) {
#ifdef __linux__
    int before = next_descriptor();
    // Not below /tmp, which others may write.
    char path[64];
    snprintf(path, sizeof path, "%s/peercred-test-XXXXXX", geteuid() == 0 ? "/run" : "/tmp");
    if (mkdtemp(path) == NULL) exit(2);
    char file[80];
    snprintf(file, sizeof file, "%s/socket", path);
    struct peercred_file why;
    int folder = peercred_open_folder_of(file, UINT32_MAX, &why);
    if (geteuid() == 0) {
        check(folder >= 0, "the folder of a path");
        check(peercred_open_folder_of("/tmp/socket", UINT32_MAX, &why) == -1 && why.status == PEERCRED_FILE_WRITABLE,
              "a folder of all");
    } else {
        check(folder == -1 && why.status == PEERCRED_FILE_WRITABLE, "a folder of all");
        folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    locks(folder, check);
    sockets(folder, path, check);
    messages(check);
    processes(check);
    close(folder);
    rmdir(path);
    check(next_descriptor() == before, "no descriptor of these is left open");
#else
    check(peercred_service_lock(0, 1) == -ENOSYS, "nothing of this here");
#endif
}
