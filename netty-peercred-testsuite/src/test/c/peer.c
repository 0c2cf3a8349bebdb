// SPDX-License-Identifier: Apache-2.0
//
// A peer for the tests: another process, under other ids, that does to a Unix socket what its arguments say, one after the
// other. What it prints is one line a command that prints; what it reads is one line a command that awaits. A command that
// fails ends it with status 1 and a line on standard error.
//
//   gid R E S, uid R E S    set real, effective and saved ids
//   groups A,B,...          set the supplementary groups; "-" for none
//   ngroups N               set N supplementary groups, from 3000000000 upwards
//   name TEXT               set the name of the process, of which the kernel keeps 15 bytes
//   pid                     print the process id
//   say WORD                print the word
//   await                   read a line from standard input
//   bind PATH               make a stream socket and bind it
//   connect PATH            make a stream socket unless there is one, and connect it
//   listen PATH, relisten   make a listening socket; call listen(2) on it again
//   accept                  accept a connection on it and go on with that
//   write TEXT              write the text
//   offer TEXT              write the text, which a peer may refuse that closes
//   writemany N             write N bytes by one call
//   hear                    read a line from the socket and print it
//   drain                   read to the end of the stream and print how many bytes there were
//   close                   close the socket
//   pass                    pass the socket to a forked child, over a socket of its own; the child goes on
//   orphan                  fork; the child goes on, the parent exits
//   zombie                  fork; the child goes on. The parent prints "zombie PID" once it has ended, awaits a line, reaps
//                           it, prints "reaped", awaits a line and exits
//   sendpair                make a socket pair and pass one end of it through the socket
//   sendas UID GID TEXT     write the text in the name of these ids; print the errno, 0 if it was sent
//   oob                     send one out-of-band byte
//   shutdown                end the output, keep the input
//   writers N LENGTH EVERY UID...   fork a process for each user, of that user and group, whose number is its place in this list; all
//                           write N messages at once and wait for each other. A message of a writer has 1 to LENGTH bytes; each
//                           byte is that number in its upper two bits and a counter below. Every EVERY-th has a descriptor, 0: none
//   burst PATH N            N times: connect, wait for up to 200 microseconds, write the number and its complement, close
//   mix PATH N              connect N times, in turn as eight kinds of client, and send its uid, its pid, the number and a check sum
//   passmany N M TEXT       N times: write the text with M descriptors; print how often that failed, and the last errno
//   flood PATH N            N times: connect, write a byte, wait for the end of the stream every other time, close
//   swap A B                exchange two paths for one another again and again, until it is ended
//   grow PATH               append to a file again and again, until it is ended
//   exec PATH ARGUMENT...   become another program
//   dgram                   make a datagram socket; a PATH in the commands for those may be "@NAME", an abstract name
//   dbind PATH              bind it; "" binds it to an abstract name of the kernel's choice
//   dconnect PATH           connect it
//   dsend PATH TEXT         send the text as a datagram
//   dfill PATH N            send a datagram of N bytes
//   dtry PATH TEXT          send without waiting; print the errno, 0 if it was sent
//   dhear                   receive a datagram and print it
//   drights PATH K N        N times: send a datagram with K descriptors
//   dburst PATH K N         make K sockets and send N datagrams from each in turn, as struct numbered has it
//   dflood PATH             send datagrams until killed
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int sock = -1;
static int listener = -1;

static void die(const char *what) {
    fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static unsigned id(const char *text) {
    return (unsigned)strtoul(text, NULL, 10);
}

static void say(const char *text) {
    puts(text);
    fflush(stdout);
}

static void await_line(void) {
    char c;
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
    }
}

static void set_groups(const char *list) {
    gid_t groups[64];
    size_t count = 0;
    char *copy = strdup(list);
    for (char *word = strtok(copy, ","); word && strcmp(list, "-") != 0; word = strtok(NULL, ",")) groups[count++] = id(word);
    if (setgroups(count, groups)) die("setgroups");
    free(copy);
}

static void set_many_groups(size_t count) {
    gid_t *groups = calloc(count + 1, sizeof *groups);
    for (size_t i = 0; i < count; i++) groups[i] = 3000000000u + (gid_t)i;
    if (setgroups(count, groups)) die("setgroups");
    free(groups);
}

static struct sockaddr_un address(const char *path, socklen_t *length) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size >= sizeof un.sun_path) exit(1);
    memcpy(un.sun_path, path, size + 1);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
    return un;
}

static struct sockaddr_un any_address(const char *path, socklen_t *length) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size >= sizeof un.sun_path) exit(1);
    memcpy(un.sun_path, path, size + 1);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (path[0] == '@') un.sun_path[0] = '\0';
    return un;
}

static void send_datagram(int fd, const char *path, const void *bytes, size_t size) {
    socklen_t length;
    struct sockaddr_un un = any_address(path, &length);
    if (sendto(fd, bytes, size, 0, (struct sockaddr *)&un, length) != (ssize_t)size) die("sendto");
}

static void fill(const char *path, size_t size) {
    char *bytes = malloc(size + 1);
    memset(bytes, 'f', size);
    send_datagram(sock, path, bytes, size);
    free(bytes);
}

static void send_rights(const char *path, unsigned descriptors, unsigned count) {
    socklen_t length;
    struct sockaddr_un un = any_address(path, &length);
    char byte = 'r', *space = calloc(1, CMSG_SPACE(descriptors * sizeof(int)));
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_name = &un, .msg_namelen = length, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
                         .msg_controllen = CMSG_SPACE(descriptors * sizeof(int))};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
    for (unsigned i = 0; i < descriptors; i++) memcpy(CMSG_DATA(cmsg) + i * sizeof sock, &sock, sizeof sock);
    for (unsigned i = 0; i < count; i++) {
        if (sendmsg(sock, &msg, 0) != 1) die("sendmsg");
    }
    free(space);
}

// What the tests read back: who sends it truly, from which socket, which one it is there, and a check of all that.
struct numbered {
    unsigned uid, gid, pid, socket, number, check;
};

static void send_numbered(const char *path, unsigned sockets, unsigned count) {
    int *fds = calloc(sockets, sizeof *fds);
    for (unsigned i = 0; i < sockets; i++) {
        if ((fds[i] = socket(AF_UNIX, SOCK_DGRAM, 0)) < 0) die("socket");
    }
    for (unsigned n = 0; n < count; n++) {
        for (unsigned i = 0; i < sockets; i++) {
            struct numbered message = {getuid(), getgid(), (unsigned)getpid(), i, n, 0};
            message.check = ~(message.uid ^ message.gid * 3 ^ message.pid * 5 ^ i * 7 ^ n * 11);
            send_datagram(fds[i], path, &message, sizeof message);
        }
    }
    for (unsigned i = 0; i < sockets; i++) close(fds[i]);
    free(fds);
}

static void send_fd(int through, int fd) {
    char byte = 'f', space[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
    if (sendmsg(through, &msg, 0) != 1) die("sendmsg");
}

static int receive_fd(int through) {
    char byte, space[CMSG_SPACE(sizeof(int))];
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    int fd;
    if (recvmsg(through, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg)) die("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof fd);
    return fd;
}

static void wait_and_exit(pid_t child) {
    int status;
    if (waitpid(child, &status, 0) != child) die("waitpid");
    exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void pass(void) {
    int between[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, between)) die("socketpair");
    pid_t child = fork();
    if (child == 0) {
        close(sock);
        close(between[0]);
        sock = receive_fd(between[1]);
        close(between[1]);
        return;
    }
    send_fd(between[0], sock);
    close(sock);
    wait_and_exit(child);
}

static void zombie(void) {
    pid_t child = fork();
    if (child == 0) return;
    siginfo_t info;
    if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT)) die("waitid");
    printf("zombie %d\n", (int)child);
    fflush(stdout);
    await_line();
    waitpid(child, NULL, 0);
    say("reaped");
    await_line();
    exit(0);
}

static void flood(const char *path, unsigned count) {
    socklen_t length;
    struct sockaddr_un un = address(path, &length);
    for (unsigned i = 0; i < count; i++) {
        char byte = 'x';
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&un, length)) die("connect");
        // A refused connection may be closed by now: EPIPE and ECONNRESET are what the server wants.
        if (send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && i % 2 == 0) (void)!read(fd, &byte, 1);
        close(fd);
    }
}

static void write_all(const unsigned char *bytes, size_t length, int pass) {
    int pair[2];
    if (pass) {
        char space[CMSG_SPACE(sizeof pair[0])] = {0};
        struct iovec iov = {(void *)bytes, length};
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) die("socketpair");
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof pair[0]);
        memcpy(CMSG_DATA(cmsg), &pair[0], sizeof pair[0]);
        ssize_t sent = sendmsg(sock, &msg, 0);
        if (sent <= 0) die("sendmsg");
        close(pair[0]);
        close(pair[1]);
        bytes += sent;
        length -= (size_t)sent;
    }
    while (length > 0) {
        ssize_t sent = write(sock, bytes, length);
        if (sent <= 0) die("write");
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void write_messages(unsigned number, unsigned count, size_t most, unsigned every) {
    unsigned char *bytes = malloc(most);
    unsigned counter = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t length = 1 + (size_t)i * 7919 % most;
        for (size_t k = 0; k < length; k++) bytes[k] = (unsigned char)(number << 6 | (counter++ & 63));
        write_all(bytes, length, every > 0 && i % every == 0);
    }
    free(bytes);
}

static void writers(unsigned count, size_t most, unsigned every, int users, char **user) {
    int start[2];
    char c;
    if (pipe(start)) die("pipe");
    for (int number = 0; number < users; number++) {
        if (fork() != 0) continue;
        gid_t gid = id(user[number]);
        if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(gid, gid, gid)) die("writers");
        close(start[1]);
        (void)!read(start[0], &c, 1); // its end: all are there
        write_messages((unsigned)number, count, most, every);
        exit(0);
    }
    close(start[0]);
    close(start[1]);
    for (int number = 0; number < users; number++) {
        int status;
        if (wait(&status) < 0 || status != 0) exit(1);
    }
}

static int send_as(unsigned uid, unsigned gid, const char *text) {
    struct ucred as = {.pid = getpid(), .uid = uid, .gid = gid};
    char space[CMSG_SPACE(sizeof as)] = {0};
    struct iovec iov = {(char *)text, strlen(text)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_CREDENTIALS;
    cmsg->cmsg_len = CMSG_LEN(sizeof as);
    memcpy(CMSG_DATA(cmsg), &as, sizeof as);
    return sendmsg(sock, &msg, 0) < 0 ? errno : 0;
}

static void burst(const char *path, unsigned count) {
    socklen_t length;
    struct sockaddr_un un = address(path, &length);
    for (unsigned i = 0; i < count; i++) {
        unsigned numbers[2] = {i, ~i};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&un, length)) die("connect");
        struct timespec start, now;
        clock_gettime(CLOCK_MONOTONIC, &start);
        do {
            clock_gettime(CLOCK_MONOTONIC, &now);
        } while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < (long)(i * 7919 % 201) * 1000);
        if (send(fd, numbers, sizeof numbers, MSG_NOSIGNAL) != sizeof numbers) die("send");
        close(fd);
    }
}

// Writes with copies of a descriptor that is nothing special. Returns what sendmsg(2) does.
static ssize_t send_with_descriptors(int through, const void *data, size_t size, size_t count) {
    int descriptors[253];
    char space[CMSG_SPACE(sizeof descriptors)] = {0};
    struct iovec iov = {(void *)data, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    msg.msg_control = space;
    msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (size_t i = 0; i < count; i++) descriptors[i] = STDIN_FILENO;
    memcpy(CMSG_DATA(cmsg), descriptors, count * sizeof(int));
    return sendmsg(through, &msg, MSG_NOSIGNAL);
}

static void pass_many(unsigned times, unsigned count, const char *text) {
    int failed = 0, error = 0;
    for (unsigned i = 0; i < times; i++) {
        if (send_with_descriptors(sock, text, strlen(text), count) < 0) {
            failed++;
            error = errno;
        }
    }
    printf("%d %d\n", failed, error);
    fflush(stdout);
}

static void pause_for(long microseconds) {
    struct timespec time = {.tv_nsec = microseconds * 1000};
    nanosleep(&time, NULL);
}

static void mix(const char *path, unsigned count) {
    socklen_t length;
    struct sockaddr_un un = address(path, &length);
    int silent[64];
    memset(silent, -1, sizeof silent);
    for (unsigned i = 0; i < count; i++) {
        const unsigned message[4] = {getuid(), (unsigned)getpid(), i, ~(getuid() ^ (unsigned)getpid() ^ i)};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&un, length)) die("connect");
        switch (i % 8) {
            case 0: // fast
            case 1:
                if (send(fd, message, sizeof message, MSG_NOSIGNAL) != sizeof message) die("send");
                break;
            case 2: // slow
                pause_for(i % 5 * 100);
                if (send(fd, message, sizeof message, MSG_NOSIGNAL) != sizeof message) die("send");
                break;
            case 3: // dripping
                for (size_t n = 0; n < sizeof message; n++) {
                    if (send(fd, (const char *)message + n, 1, MSG_NOSIGNAL) != 1) die("send");
                }
                break;
            case 4: // closing
                break;
            case 5: // passing descriptors, of which an ordinary user may have only so many on the way
                while (send_with_descriptors(fd, message, sizeof message, 253) < 0) {
                    if (errno != ETOOMANYREFS) die("sendmsg");
                    pause_for(500);
                }
                break;
            case 6: // out of band
                if (send(fd, "o", 1, MSG_OOB) != 1) die("send");
                // A server may refuse this one, and be gone by now.
                (void)!send(fd, message, sizeof message, MSG_NOSIGNAL);
                break;
            default: // silent
                if (silent[i / 8 % 64] >= 0) close(silent[i / 8 % 64]);
                silent[i / 8 % 64] = fd;
                continue;
        }
        close(fd);
    }
}

static void drain(void) {
    char buffer[65536];
    long total = 0;
    ssize_t got;
    while ((got = read(sock, buffer, sizeof buffer)) > 0) total += got;
    printf("%ld\n", total);
    fflush(stdout);
}

int main(int argc, char **argv) {
    socklen_t length;
    for (int i = 1; i < argc; i++) {
        const char *command = argv[i];
#define IS(name, count) (strcmp(command, name) == 0 && i + (count) < argc)
        if (IS("gid", 3)) {
            if (setresgid(id(argv[i + 1]), id(argv[i + 2]), id(argv[i + 3]))) die(command);
            i += 3;
        } else if (IS("uid", 3)) {
            if (setresuid(id(argv[i + 1]), id(argv[i + 2]), id(argv[i + 3]))) die(command);
            i += 3;
        } else if (IS("groups", 1)) {
            set_groups(argv[++i]);
        } else if (IS("ngroups", 1)) {
            set_many_groups(id(argv[++i]));
        } else if (IS("name", 1)) {
            if (prctl(PR_SET_NAME, argv[++i])) die(command);
        } else if (IS("pid", 0)) {
            printf("%d\n", (int)getpid());
            fflush(stdout);
        } else if (IS("say", 1)) {
            say(argv[++i]);
        } else if (IS("await", 0)) {
            await_line();
        } else if (IS("bind", 1)) {
            struct sockaddr_un un = address(argv[++i], &length);
            sock = socket(AF_UNIX, SOCK_STREAM, 0);
            if (bind(sock, (struct sockaddr *)&un, length)) die(command);
        } else if (IS("connect", 1)) {
            struct sockaddr_un un = address(argv[++i], &length);
            if (sock < 0) sock = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(sock, (struct sockaddr *)&un, length)) die(command);
        } else if (IS("listen", 1)) {
            struct sockaddr_un un = address(argv[++i], &length);
            listener = socket(AF_UNIX, SOCK_STREAM, 0);
            if (bind(listener, (struct sockaddr *)&un, length) || listen(listener, 16)) die(command);
        } else if (IS("relisten", 0)) {
            if (listen(listener, 16)) die(command);
        } else if (IS("accept", 0)) {
            if ((sock = accept(listener, NULL, NULL)) < 0) die(command);
        } else if (IS("write", 1)) {
            const char *text = argv[++i];
            if (write(sock, text, strlen(text)) != (ssize_t)strlen(text)) die(command);
        } else if (IS("offer", 1)) {
            const char *text = argv[++i];
            (void)!send(sock, text, strlen(text), MSG_NOSIGNAL);
        } else if (IS("writemany", 1)) {
            size_t size = id(argv[++i]);
            if (write(sock, calloc(1, size), size) != (ssize_t)size) die(command);
        } else if (IS("hear", 0)) {
            char c;
            do {
                if (read(sock, &c, 1) != 1) die(command);
                putchar(c);
            } while (c != '\n');
            fflush(stdout);
        } else if (IS("drain", 0)) {
            drain();
        } else if (IS("close", 0)) {
            close(sock);
            sock = -1;
        } else if (IS("pass", 0)) {
            pass();
        } else if (IS("orphan", 0)) {
            if (fork() != 0) exit(0);
        } else if (IS("zombie", 0)) {
            zombie();
        } else if (IS("sendpair", 0)) {
            int pair[2];
            if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) die(command);
            send_fd(sock, pair[0]);
            close(pair[0]);
        } else if (IS("sendas", 3)) {
            printf("%d\n", send_as(id(argv[i + 1]), id(argv[i + 2]), argv[i + 3]));
            fflush(stdout);
            i += 3;
        } else if (IS("oob", 0)) {
            if (send(sock, "o", 1, MSG_OOB) != 1) die(command);
        } else if (IS("shutdown", 0)) {
            if (shutdown(sock, SHUT_WR)) die(command);
        } else if (IS("writers", 4)) {
            int users = 0;
            while (i + 4 + users < argc && argv[i + 4 + users][0] >= '0' && argv[i + 4 + users][0] <= '9') users++;
            writers(id(argv[i + 1]), id(argv[i + 2]), id(argv[i + 3]), users, argv + i + 4);
            i += 3 + users;
        } else if (IS("burst", 2)) {
            burst(argv[i + 1], id(argv[i + 2]));
            i += 2;
        } else if (IS("mix", 2)) {
            mix(argv[i + 1], id(argv[i + 2]));
            i += 2;
        } else if (IS("passmany", 3)) {
            pass_many(id(argv[i + 1]), id(argv[i + 2]), argv[i + 3]);
            i += 3;
        } else if (IS("flood", 2)) {
            flood(argv[i + 1], id(argv[i + 2]));
            i += 2;
        } else if (IS("dgram", 0)) {
            sock = socket(AF_UNIX, SOCK_DGRAM, 0);
        } else if (IS("dbind", 1)) {
            struct sockaddr_un un = any_address(argv[++i], &length);
            if (bind(sock, (struct sockaddr *)&un, length)) die(command);
        } else if (IS("dconnect", 1)) {
            struct sockaddr_un un = any_address(argv[++i], &length);
            if (connect(sock, (struct sockaddr *)&un, length)) die(command);
        } else if (IS("dsend", 2)) {
            send_datagram(sock, argv[i + 1], argv[i + 2], strlen(argv[i + 2]));
            i += 2;
        } else if (IS("dfill", 2)) {
            fill(argv[i + 1], id(argv[i + 2]));
            i += 2;
        } else if (IS("dtry", 2)) {
            struct sockaddr_un un = any_address(argv[i + 1], &length);
            const char *text = argv[i + 2];
            ssize_t sent = sendto(sock, text, strlen(text), MSG_DONTWAIT, (struct sockaddr *)&un, length);
            printf("%d\n", sent < 0 ? errno : 0);
            fflush(stdout);
            i += 2;
        } else if (IS("dhear", 0)) {
            char heard[2048] = {0};
            if (recv(sock, heard, sizeof heard - 1, 0) < 0) die(command);
            say(heard);
        } else if (IS("drights", 3)) {
            send_rights(argv[i + 1], id(argv[i + 2]), id(argv[i + 3]));
            i += 3;
        } else if (IS("dburst", 3)) {
            send_numbered(argv[i + 1], id(argv[i + 2]), id(argv[i + 3]));
            i += 3;
        } else if (IS("dflood", 1)) {
            for (;;) send_datagram(sock, argv[i + 1], "flood", 5);
        } else if (IS("swap", 2)) {
            for (say("swapping");;)
                if (renameat2(AT_FDCWD, argv[i + 1], AT_FDCWD, argv[i + 2], RENAME_EXCHANGE)) die(command);
        } else if (IS("grow", 1)) {
            int file = open(argv[i + 1], O_WRONLY | O_APPEND);
            for (say("growing");;)
                if (write(file, "#\n", 2) != 2) die(command);
        } else if (IS("exec", 1)) {
            execv(argv[i + 1], argv + i + 1);
            die(command);
        } else {
            fprintf(stderr, "peer: what is %s?\n", command);
            return 2;
        }
    }
    return 0;
}
