// SPDX-License-Identifier: Apache-2.0
//
// A peer that sends and receives credentials after the recipes of unix(7) and cmsg(3), without our code: does to one Unix socket
// what its arguments say, one after the other. Bytes are written in hexadecimal.
//
//   ids UID GID       become this user
//   listen PATH       make a socket that everybody may connect to, and listen
//   accept            print "ready" and accept a connection
//   connect PATH      connect
//   passcred          set SO_PASSCRED on the connection, or on the listening socket while there is none
//   say BYTES         write
//   saymine BYTES     send with this process's credentials attached
//   hear N            read N bytes and print them
//   receive N         receive N bytes and print them, with uid, gid and pid of each piece's sender
//   sum               read to the end of the stream, and print how many bytes there were and their CRC-32
//   senders           read to the end of the stream, and print uid, gid, pid and number of bytes of each sender in turn
//   tell TEXT         print it
//   await             read a line from standard input
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int sock = -1, listener = -1;

static void die(const char *what) {
    fprintf(stderr, "goon: %s: %s\n", what, strerror(errno));
    exit(1);
}

static size_t bytes_of(const char *text, unsigned char *bytes) {
    size_t length = strlen(text) / 2;
    for (size_t i = 0; i < length; i++) sscanf(text + 2 * i, "%2hhx", &bytes[i]);
    return length;
}

static void print_bytes(const unsigned char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

static void say(const char *text, int with_credentials) {
    unsigned char bytes[4096];
    union {
        char space[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov = {.iov_base = bytes, .iov_len = bytes_of(text, bytes)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (with_credentials) {
        struct ucred mine = {.pid = getpid(), .uid = getuid(), .gid = getgid()};
        msg.msg_control = control.space;
        msg.msg_controllen = sizeof control.space;
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_CREDENTIALS;
        cmsg->cmsg_len = CMSG_LEN(sizeof mine);
        memcpy(CMSG_DATA(cmsg), &mine, sizeof mine);
    }
    if (sendmsg(sock, &msg, MSG_NOSIGNAL) != (ssize_t)iov.iov_len) die("sendmsg");
}

static void receive(size_t length) {
    unsigned char bytes[4096];
    while (length > 0) {
        union {
            char space[CMSG_SPACE(sizeof(struct ucred))];
            struct cmsghdr align;
        } control;
        struct iovec iov = {.iov_base = bytes, .iov_len = length};
        struct msghdr msg = {
            .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
        ssize_t got = recvmsg(sock, &msg, 0);
        if (got <= 0) die("recvmsg");
        print_bytes(bytes, (size_t)got);
        for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg != NULL; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
            if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_CREDENTIALS) {
                struct ucred sender;
                memcpy(&sender, CMSG_DATA(cmsg), sizeof sender);
                printf(" %u %u %d", sender.uid, sender.gid, sender.pid);
            }
        }
        puts("");
        fflush(stdout);
        length -= (size_t)got;
    }
}

static void hear(size_t length) {
    unsigned char bytes[4096];
    for (size_t got = 0; got < length;) {
        ssize_t more = read(sock, bytes + got, length - got);
        if (more <= 0) die("read");
        got += (size_t)more;
    }
    print_bytes(bytes, length);
    puts("");
    fflush(stdout);
}

static void print_sender(const struct ucred *sender, unsigned long total) {
    if (total > 0) printf("%u %u %d %lu\n", sender->uid, sender->gid, sender->pid, total);
    fflush(stdout);
}

static void senders(void) {
    static unsigned char bytes[65536];
    struct ucred last = {0};
    unsigned long total = 0;
    for (;;) {
        union {
            char space[CMSG_SPACE(sizeof(struct ucred))];
            struct cmsghdr align;
        } control;
        struct iovec iov = {.iov_base = bytes, .iov_len = sizeof bytes};
        struct msghdr msg = {
            .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
        ssize_t got = recvmsg(sock, &msg, 0);
        if (got <= 0) break;
        struct ucred sender = {0};
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
        if (cmsg == NULL || cmsg->cmsg_type != SCM_CREDENTIALS) die("no credentials");
        memcpy(&sender, CMSG_DATA(cmsg), sizeof sender);
        if (memcmp(&sender, &last, sizeof sender) != 0) {
            print_sender(&last, total);
            total = 0;
        }
        last = sender;
        total += (unsigned long)got;
    }
    print_sender(&last, total);
    puts("end");
    fflush(stdout);
}

static void sum(void) {
    static unsigned char bytes[65536];
    uint32_t table[256], crc = 0xFFFFFFFFu;
    unsigned long total = 0;
    ssize_t got;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xEDB88320u : 0);
    }
    while ((got = read(sock, bytes, sizeof bytes)) > 0) {
        total += (unsigned long)got;
        for (ssize_t i = 0; i < got; i++) crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xFF];
    }
    printf("%lu %08x\n", total, crc ^ 0xFFFFFFFFu);
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int on = 1;
    for (int i = 1; i < argc; i++) {
        const char *command = argv[i];
#define IS(name, count) (strcmp(command, name) == 0 && i + (count) < argc)
        if (IS("ids", 2)) {
            uid_t uid = (uid_t)strtoul(argv[++i], NULL, 10);
            gid_t gid = (gid_t)strtoul(argv[++i], NULL, 10);
            if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) die(command);
        } else if (IS("listen", 1)) {
            strncpy(address.sun_path, argv[++i], sizeof address.sun_path - 1);
            listener = socket(AF_UNIX, SOCK_STREAM, 0);
            umask(0);
            if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) die(command);
        } else if (IS("accept", 0)) {
            puts("ready");
            fflush(stdout);
            if ((sock = accept(listener, NULL, NULL)) < 0) die(command);
        } else if (IS("connect", 1)) {
            strncpy(address.sun_path, argv[++i], sizeof address.sun_path - 1);
            sock = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(sock, (struct sockaddr *)&address, sizeof address)) die(command);
        } else if (IS("passcred", 0)) {
            if (setsockopt(sock < 0 ? listener : sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof on)) die(command);
        } else if (IS("say", 1)) {
            say(argv[++i], 0);
        } else if (IS("saymine", 1)) {
            say(argv[++i], 1);
        } else if (IS("hear", 1)) {
            hear(strtoul(argv[++i], NULL, 10));
        } else if (IS("receive", 1)) {
            receive(strtoul(argv[++i], NULL, 10));
        } else if (IS("senders", 0)) {
            senders();
        } else if (IS("sum", 0)) {
            sum();
        } else if (IS("tell", 1)) {
            puts(argv[++i]);
            fflush(stdout);
        } else if (IS("await", 0)) {
            char c;
            while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
            }
        } else {
            fprintf(stderr, "goon: what is %s?\n", command);
            return 2;
        }
    }
    return 0;
}
