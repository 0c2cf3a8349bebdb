// SPDX-License-Identifier: Apache-2.0

/*
 * A syslog client: sends messages "<13>TAG[PID]: NUMBER xxx", and prints how many were sent, how many the kernel refused (EAGAIN), and
 * how long the calls took, in microseconds.
 *
 *   logclient dgram|stream PATH [count N] [seconds N] [pause MICROSECONDS] [bytes N] [tag TEXT] [nonblocking]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MOST 4000000

static unsigned micros[MOST];

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    unsigned x = *(const unsigned *) a, y = *(const unsigned *) b;
    return x < y ? -1 : x > y;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Sends all of a message; returns 0 if there is no room for a datagram. */
static int send_all(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t n = send(fd, text, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            return 0;
        }
        if (n < 0) {
            fail("send");
        }
        text += n;
        length -= (size_t) n;
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        return 2;
    }
    int stream = !strcmp(argv[1], "stream");
    long count = MOST, seconds = 0, pause = 0, bytes = 0;
    int nonblocking = 0;
    const char *tag = "logclient";
    for (int i = 3; i < argc; i++) {
        if (!strcmp(argv[i], "nonblocking")) {
            nonblocking = 1;
        } else if (i + 1 < argc && !strcmp(argv[i], "tag")) {
            tag = argv[++i];
        } else if (i + 1 < argc) {
            long *option = !strcmp(argv[i], "count")     ? &count
                           : !strcmp(argv[i], "seconds") ? &seconds
                           : !strcmp(argv[i], "pause")   ? &pause
                           : !strcmp(argv[i], "bytes")   ? &bytes
                                                         : NULL;
            if (!option) {
                return 2;
            }
            *option = atol(argv[++i]);
        }
    }
    int fd = socket(AF_UNIX, (stream ? SOCK_STREAM : SOCK_DGRAM) | (nonblocking ? SOCK_NONBLOCK : 0), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof address)) {
        fail("connect");
    }
    static char text[8192];
    long sent = 0, refused = 0, calls = 0;
    long long end = now() + seconds * 1000000000LL;
    while (sent < count && calls < MOST && (seconds == 0 || now() < end)) {
        int head = snprintf(text, sizeof text, "<13>%s[%d]: %ld ", tag, getpid(), sent);
        size_t length = (size_t) head;
        if (length < (size_t) bytes && (size_t) bytes < sizeof text) {
            memset(text + length, 'x', (size_t) bytes - length);
            length = (size_t) bytes;
        }
        if (stream) {
            text[length++] = '\n';
        }
        long long before = now();
        int done = send_all(fd, text, length);
        micros[calls++] = (unsigned) ((now() - before) / 1000);
        sent += done;
        refused += !done;
        if (pause) {
            usleep((useconds_t) pause);
        }
    }
    close(fd);
    if (calls == 0) {
        return 1;
    }
    qsort(micros, (size_t) calls, sizeof *micros, ascending);
    printf("sent %ld refused %ld p50 %u p99 %u p99.9 %u max %u\n", sent, refused, micros[calls / 2],
           micros[calls * 99 / 100], micros[calls * 999 / 1000], micros[calls - 1]);
    return 0;
}
