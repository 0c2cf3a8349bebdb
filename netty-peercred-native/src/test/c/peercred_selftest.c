// SPDX-License-Identifier: Apache-2.0
//
// Shows on one machine whether every function of peercred.h tells the truth there: for systems and processors that the project's
// own tests do not run on. Needs no Java. Prints TAP, with what was expected and what was found; exits 1 if a case failed.
// As root it also asks about processes with other ids. It knows by uname(3) what a system should be able to do.
#define _GNU_SOURCE
#include "peercred.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

// The ids of the child, as root: the mechanisms differ in which they tell.
enum { REAL_UID = 1000, EFFECTIVE_UID = 1001, REAL_GID = 100, EFFECTIVE_GID = 101 };
static const gid_t GROUPS[] = {10, 20, 30};

struct system {
    const char *name;
    int mechanism;
    bool has_pid;
    bool has_groups;
    bool answers_on_pairs;
    int message_mechanism; // 0: none
    bool message_ids_are_real;
    int own_credential_size; // of the SCM_CREDS that a sender may attach, 0: none
    bool attests_every_read; // and not the first message of a stream alone
    int sent_mechanism;      // of what peercred_send attaches, 0: nothing
    bool has_now;
};

static const struct system systems[] = {
    {"Linux", PEERCRED_SO_PEERCRED, true, true, true, PEERCRED_SCM_CREDENTIALS, true, 0, true, PEERCRED_SCM_CREDENTIALS, false},
    {"Darwin", PEERCRED_LOCAL_PEERCRED, false, true, true, 0, false, 0, false, 0, true},
    {"FreeBSD", PEERCRED_LOCAL_PEERCRED, true, true, true, PEERCRED_SCM_CREDS2, false, 84, true, PEERCRED_SCM_CREDS, false},
    {"NetBSD", PEERCRED_LOCAL_PEEREID, true, false, false, PEERCRED_SCM_CREDS, false, 0, false, 0, false},
    {"OpenBSD", PEERCRED_SO_PEERCRED, true, false, true, 0, false, 0, false, 0, false},
    {NULL, 0, false, false, false, 0, false, 0, false, 0, false},
};

static const struct system *is;
static int cases, failures;
static char folder[] = "/tmp/peercred-selftest-XXXXXX";

static void report(bool ok, const char *what, const char *format, ...) {
    va_list values;
    cases++;
    if (!ok) failures++;
    printf("%s %d - %s", ok ? "ok" : "not ok", cases, what);
    va_start(values, format);
    if (format[0] != '\0') printf(": ");
    vprintf(format, values);
    va_end(values);
    printf("\n");
    fflush(stdout);
}

static void skip(const char *what, const char *why) {
    cases++;
    printf("ok %d - %s # SKIP %s\n", cases, what, why);
}

static void fatal(const char *call) {
    printf("Bail out! %s: %s\n", call, strerror(errno));
    exit(2);
}

static void expect_int(const char *what, int found, int expected) {
    report(found == expected, what, "found %d, expected %d", found, expected);
}

static void expect_ids(const char *what, const struct peercred *found, int mechanism, pid_t pid, uid_t uid, gid_t gid) {
    report(found->status == PEERCRED_OK && found->mechanism == mechanism && found->pid == pid && found->uid == uid &&
               found->gid == gid,
           what, "found status %d mechanism %d pid %d uid %u gid %u, expected 0 %d %d %u %u", found->status, found->mechanism,
           found->pid, found->uid, found->gid, mechanism, (int)pid, (unsigned)uid, (unsigned)gid);
}

static void expect_nobody(const char *what, const struct peercred *found, int status) {
    report(found->status == status && found->pid == 0 && found->uid == 0 && found->gid == 0 && found->pidfd == -1, what,
           "found status %d pid %d uid %u gid %u, expected %d and no ids", found->status, found->pid, found->uid, found->gid, status);
}

static struct peercred ask(int fd, unsigned want, const struct peercred_space *space) {
    static const struct peercred_space none;
    struct peercred out;
    memset(&out, 0xAA, sizeof out);
    peercred_connect_time(fd, want | PEERCRED_CHECK_SOCKET, space ? space : &none, &out);
    return out;
}

static struct peercred look(int fd) {
    static const struct peercred_space none;
    struct peercred out;
    memset(&out, 0xAA, sizeof out);
    peercred_peek(fd, 0, &none, &out);
    return out;
}

static int open_socket(int family, int type) {
    int fd = socket(family, type, 0);
    if (fd < 0) fatal("socket");
    return fd;
}

static struct sockaddr_un address_of(const char *name) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name);
    return address;
}

static int bound(int type, const char *name) {
    struct sockaddr_un address = address_of(name);
    int fd = open_socket(AF_UNIX, type);
    unlink(address.sun_path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fatal("bind");
    if (chmod(address.sun_path, 0777) != 0) fatal("chmod");
    if (type == SOCK_STREAM && listen(fd, 8) != 0) fatal("listen");
    return fd;
}

static int connected(int type, const char *name) {
    struct sockaddr_un address = address_of(name);
    int fd = open_socket(AF_UNIX, type);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fatal("connect");
    return fd;
}

static void pair(int type, int fds[2]) {
    if (socketpair(AF_UNIX, type, 0, fds) != 0) fatal("socketpair");
}

static void take(int fd) {
    char byte;
    if (read(fd, &byte, 1) != 1) fatal("read");
    report(byte == 'x', "the byte was still there", "");
}

// One byte, with a control message or without.
static void put(int fd, int type, const void *data, size_t size) {
    union {
        struct cmsghdr header;
        char bytes[256];
    } control;
    char byte = 'x';
    struct iovec space = {&byte, 1};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    memset(&control, 0, sizeof control);
    message.msg_iov = &space;
    message.msg_iovlen = 1;
    if (size > 0) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = type;
        control.header.cmsg_len = CMSG_LEN(size);
        if (data) memcpy(CMSG_DATA(&control.header), data, size);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
    }
    if (sendmsg(fd, &message, 0) != 1) fatal("sendmsg");
}

static void take_on_ids(void) {
    if (setgroups(sizeof GROUPS / sizeof GROUPS[0], GROUPS) != 0) fatal("setgroups");
    if (setregid(REAL_GID, EFFECTIVE_GID) != 0) fatal("setregid");
    if (setreuid(REAL_UID, EFFECTIVE_UID) != 0) fatal("setreuid");
}

// A child, under other ids if that can be, that connects, sends bytes, and stays until the connection is closed.
static pid_t client(int listener, const char *name, int bytes) {
    pid_t child = fork();
    if (child < 0) fatal("fork");
    if (child == 0) {
        char byte;
        close(listener);
        if (geteuid() == 0) take_on_ids();
        int fd = connected(SOCK_STREAM, name);
        for (int i = 0; i < bytes; i++) put(fd, 0, NULL, 0);
        (void)!read(fd, &byte, 1);
        _exit(0);
    }
    return child;
}

static int accepted(int listener) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) fatal("accept");
    return fd;
}

static void sockets_without_a_peer(void) {
    int fd = open_socket(AF_UNIX, SOCK_STREAM);
    struct peercred out = ask(fd, 0, NULL);
    expect_nobody("an unconnected stream socket", &out, PEERCRED_NOT_CONNECTED);
    close(fd);
    out = ask(fd, 0, NULL);
    expect_nobody("a closed descriptor", &out, -EBADF);
    fd = bound(SOCK_STREAM, "listening");
    out = ask(fd, 0, NULL);
    expect_nobody("a listening socket", &out, PEERCRED_NOT_CONNECTED);
    close(fd);
    fd = open_socket(AF_UNIX, SOCK_DGRAM);
    out = ask(fd, 0, NULL);
    expect_nobody("an unconnected datagram socket", &out, PEERCRED_NOT_CONNECTED);
    close(fd);
    fd = open_socket(AF_INET, SOCK_STREAM);
    out = ask(fd, 0, NULL);
    expect_nobody("a TCP socket", &out, PEERCRED_NOT_UNIX_SOCKET);
    close(fd);
    fd = open("/dev/null", O_RDONLY);
    out = ask(fd, 0, NULL);
    expect_nobody("a file", &out, PEERCRED_NOT_UNIX_SOCKET);
    close(fd);
}

static void connect_time(void) {
    const pid_t me = is->has_pid ? getpid() : 0;
    int fds[2];
    pair(SOCK_STREAM, fds);
    struct peercred out = ask(fds[0], 0, NULL);
    if (is->answers_on_pairs) {
        expect_ids("the other end of a pair is its maker's", &out, is->mechanism, me, geteuid(), getegid());
    } else {
        expect_nobody("a pair has no peer on this system", &out, PEERCRED_NOT_CONNECTED);
    }
    report(out.groups_status == PEERCRED_NOT_REQUESTED && out.label_status == PEERCRED_NOT_REQUESTED &&
               out.pidfd_status == PEERCRED_NOT_REQUESTED,
           "what is not asked for is not given", "");
    close(fds[0]);
    close(fds[1]);

    int listener = bound(SOCK_STREAM, "server");
    int here = connected(SOCK_STREAM, "server"), there = accepted(listener);
    out = ask(there, 0, NULL);
    expect_ids("a server sees its client", &out, is->mechanism, me, geteuid(), getegid());
    out = ask(here, 0, NULL);
    expect_ids("a client sees its server", &out, is->mechanism, me, geteuid(), getegid());
    close(here);
    out = ask(there, 0, NULL);
    printf("# after the client has closed: status %d uid %u\n", out.status, out.uid);
    close(there);

    pid_t child = client(listener, "server", 0);
    there = accepted(listener);
    uint32_t groups[1024];
    const struct peercred_space space = {.groups = groups, .groups_capacity = sizeof groups / sizeof groups[0]};
    out = ask(there, PEERCRED_GROUPS, &space);
    if (geteuid() == 0) {
        expect_ids("the effective ids of another process", &out, is->mechanism, is->has_pid ? child : 0, EFFECTIVE_UID,
                   EFFECTIVE_GID);
        if (out.groups_status == PEERCRED_UNSUPPORTED && strcmp(is->name, "Linux") == 0) {
            skip("its groups", "this kernel does not tell them");
        } else if (is->has_groups) {
            bool same = out.groups_status == PEERCRED_OK && out.groups_count == 3;
            for (uint32_t i = 0; same && i < 3; i++) same = groups[i] == GROUPS[i];
            report(same, "its groups", "found status %d, %u of them, the first %u, expected 0, 3, 10", out.groups_status,
                   out.groups_count, out.groups_count ? groups[0] : 0);
            const struct peercred_space two = {.groups = groups, .groups_capacity = 2};
            out = ask(there, PEERCRED_GROUPS, &two);
            report(out.groups_status == PEERCRED_TOO_SMALL && out.groups_count == 3, "too little room for them is said so",
                   "found status %d, %u", out.groups_status, out.groups_count);
        } else {
            expect_int("its groups, which this system does not tell", out.groups_status, PEERCRED_UNSUPPORTED);
        }
    } else {
        expect_ids("another process", &out, is->mechanism, is->has_pid ? child : 0, geteuid(), getegid());
        skip("other ids and groups", "only root has a process take them on");
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct peercred after = ask(there, 0, NULL);
    report(after.status == out.status && after.uid == out.uid && after.gid == out.gid && after.pid == out.pid,
           "the same when the process has ended", "found status %d pid %d uid %u", after.status, after.pid, after.uid);
    close(there);
    close(listener);
}

static void process_descriptor(void) {
    int fds[2];
    pair(SOCK_STREAM, fds);
    struct peercred out = ask(fds[0], PEERCRED_PIDFD, NULL);
    if (out.status == PEERCRED_OK && out.pidfd_status == PEERCRED_OK) {
        struct peercred_process ids;
        expect_int("the peer's process runs", peercred_pidfd_state(out.pidfd), PEERCRED_OK);
        int status = peercred_pidfd_ids(out.pidfd, &ids);
        if (status == PEERCRED_UNSUPPORTED) {
            skip("its ids now", "this kernel does not tell them");
        } else {
            report(status == PEERCRED_OK && ids.pid == (uint32_t)getpid() && ids.ruid == getuid() && ids.euid == geteuid(),
                   "its ids now", "found status %d pid %u euid %u", status, ids.pid, ids.euid);
        }
        report(fcntl(out.pidfd, F_GETFD) == FD_CLOEXEC, "its descriptor closes on exec", "");
        close(out.pidfd);
    } else {
        report(out.pidfd == -1 && (out.status != PEERCRED_OK || out.pidfd_status == PEERCRED_UNSUPPORTED),
               "no process descriptor on this system", "found status %d", out.pidfd_status);
    }
    close(fds[0]);
    close(fds[1]);
}

static void process_now(void) {
    int fds[2];
    struct peercred_now now;
    pair(SOCK_STREAM, fds);
    peercred_peer_now(fds[0], &now);
    if (is->has_now) {
        report(now.pid_status == PEERCRED_OK && now.pid == getpid(), "who used the other end last", "found status %d pid %d",
               now.pid_status, now.pid);
        report(now.effective_pid_status == PEERCRED_OK && now.effective_pid == getpid(), "in whose name",
               "found status %d pid %d", now.effective_pid_status, now.effective_pid);
        report(now.token_status == PEERCRED_OK && now.token[1] == geteuid() && now.token[5] == (uint32_t)getpid(),
               "its audit token", "found status %d euid %u pid %u", now.token_status, now.token[1], now.token[5]);
    } else {
        expect_int("who used the other end last, which this system does not tell", now.pid_status, PEERCRED_UNSUPPORTED);
    }
    close(fds[0]);
    close(fds[1]);
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void no_messages(void) {
    int fds[2];
    pair(SOCK_STREAM, fds);
    expect_int("credentials of senders, which this system does not tell", peercred_pass_credentials(fds[0], 0, 1),
               PEERCRED_UNSUPPORTED);
    struct peercred out = look(fds[0]);
    expect_nobody("a look at a sender is refused", &out, PEERCRED_UNSUPPORTED);
    close(fds[0]);
    close(fds[1]);
    pair(SOCK_DGRAM, fds);
    expect_int("credentials of datagrams, which this system does not tell", peercred_check_datagram(fds[0]), PEERCRED_UNSUPPORTED);
    close(fds[0]);
    close(fds[1]);
}

static struct peercred look_at_datagram(int fd, uint32_t *length) {
    static const struct peercred_space none;
    struct peercred out;
    memset(&out, 0xAA, sizeof out);
    *length = 0xAAAA;
    peercred_peek_datagram(fd, 0, &none, length, &out);
    return out;
}

static void datagrams(uid_t uid, gid_t gid) {
    static char bytes[1500];
    const int mechanism = is->message_mechanism;
    uint32_t length;
    int stream = open_socket(AF_UNIX, SOCK_STREAM), tcp = open_socket(AF_INET, SOCK_DGRAM);
    expect_int("a stream socket is none for datagrams", peercred_check_datagram(stream), PEERCRED_NOT_UNIX_SOCKET);
    expect_int("nor is one of UDP", peercred_check_datagram(tcp), PEERCRED_NOT_UNIX_SOCKET);
    close(stream);
    close(tcp);
    int receiver = bound(SOCK_DGRAM, "datagrams"), sender = connected(SOCK_DGRAM, "datagrams");
    expect_int("a datagram socket is one", peercred_check_datagram(receiver), PEERCRED_OK);
    expect_int("the option goes on for datagrams", peercred_pass_credentials(receiver, PEERCRED_EVERY, 1), PEERCRED_OK);
    struct peercred out = look_at_datagram(receiver, &length);
    expect_nobody("no datagram yet", &out, PEERCRED_NOTHING_NOW);
    for (int i = 0; i < 2; i++) {
        put(sender, 0, NULL, 0);
        for (int j = 0; j < 2; j++) {
            out = look_at_datagram(receiver, &length);
            expect_ids(i == 0 ? "who sent a datagram" : "who sent another", &out, mechanism, getpid(), uid, gid);
            expect_int("how long it is", (int)length, 1);
        }
        take(receiver);
    }
    if (send(sender, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) fatal("send");
    out = look_at_datagram(receiver, &length);
    expect_ids("who sent a long one", &out, mechanism, getpid(), uid, gid);
    expect_int("how long that is", (int)length, (int)sizeof bytes);
    expect_int("it was still there", (int)recv(receiver, bytes, sizeof bytes, 0), (int)sizeof bytes);
    close(receiver);
    close(sender);
}

static struct peercred_sent send_as(int fd, int ids) {
    const struct peercred_sender as = {.ids = ids};
    struct peercred_sent out;
    memset(&out, 0xAA, sizeof out);
    peercred_send(fd, "x", 1, &as, &out);
    return out;
}

// The receiver has not asked for credentials: those that are there have been sent.
static void sending(void) {
    int fds[2];
    pair(SOCK_STREAM, fds);
    struct peercred_sent sent = send_as(fds[1], PEERCRED_EFFECTIVE);
    if (is->sent_mechanism == 0) {
        expect_int("sending credentials, which this system does not", sent.status, PEERCRED_UNSUPPORTED);
    } else {
        report(sent.status == PEERCRED_OK && sent.count == 1, "a byte goes out with credentials", "found status %d, %u bytes",
               sent.status, sent.count);
        if (is->sent_mechanism == PEERCRED_SCM_CREDENTIALS) { // of which Linux shows none unasked
            expect_int("the option goes on afterwards", peercred_pass_credentials(fds[0], 0, 1), PEERCRED_OK);
        }
        struct peercred out = look(fds[0]);
        expect_ids("who sent it", &out, is->sent_mechanism, getpid(), geteuid(), getegid());
        take(fds[0]);
    }
    sent = send_as(fds[1], PEERCRED_SAVED);
    expect_int("only Linux sends the saved ids", sent.status,
               is->sent_mechanism == PEERCRED_SCM_CREDENTIALS ? PEERCRED_OK : PEERCRED_UNSUPPORTED);
    close(fds[0]);
    if (is->sent_mechanism != 0) {
        sent = send_as(fds[1], PEERCRED_REAL); // which SIGPIPE would end
        report(sent.status < 0 && sent.count == 0, "sending to nobody fails", "found status %d", sent.status);
    }
    close(fds[1]);
}

static void messages(void) {
    const uid_t uid = is->message_ids_are_real ? getuid() : geteuid();
    const gid_t gid = is->message_ids_are_real ? getgid() : getegid();
    const int mechanism = is->message_mechanism;
    int fds[2];
    pair(SOCK_STREAM, fds);
    put(fds[1], 0, NULL, 0);
    struct peercred out = look(fds[0]);
    expect_nobody("without the option a byte has no sender", &out, PEERCRED_NO_CREDENTIAL);
    take(fds[0]);
    int status = peercred_pass_credentials(fds[0], 0, 1);
    if (status == PEERCRED_UNSUPPORTED) {
        skip("credentials of senders", "this kernel is older than the option");
        return;
    }
    expect_int("the option goes on", status, PEERCRED_OK);
    out = look(fds[0]);
    expect_nobody("nothing to be read", &out, PEERCRED_NOTHING_NOW);
    put(fds[1], 0, NULL, 0);
    for (int i = 0; i < 2; i++) {
        out = look(fds[0]);
        expect_ids(i ? "who sent a byte, at the second look" : "who sent a byte", &out, mechanism, getpid(), uid, gid);
    }
    take(fds[0]);
    expect_int("the option goes on again", peercred_pass_credentials(fds[0], 0, 1), PEERCRED_OK);
    const int before = open_descriptors();
    put(fds[1], SCM_RIGHTS, &fds[1], sizeof fds[1]);
    out = look(fds[0]);
    expect_ids("who sent a byte with a descriptor", &out, mechanism, getpid(), uid, gid);
    expect_int("looks bring in no descriptor", open_descriptors(), before);
    take(fds[0]);
    expect_int("the option goes off", peercred_pass_credentials(fds[0], 0, 0), PEERCRED_OK);
    put(fds[1], 0, NULL, 0);
    out = look(fds[0]);
    expect_nobody("then a byte has no sender", &out, PEERCRED_NO_CREDENTIAL);
    take(fds[0]);
    if (is->own_credential_size > 0) {
        put(fds[1], 3, NULL, (size_t)is->own_credential_size);
        out = look(fds[0]);
        expect_ids("a sender that attaches its own", &out, PEERCRED_SCM_CREDS, getpid(), geteuid(), getegid());
        take(fds[0]);
    }
    close(fds[1]);
    out = look(fds[0]);
    expect_nobody("the end of a stream was sent by nobody", &out, PEERCRED_END);
    close(fds[0]);
    out = look(fds[0]);
    expect_nobody("a closed descriptor has no sender", &out, -EBADF);
    pair(SOCK_STREAM, fds);
    expect_int(is->attests_every_read ? "every message of a stream may be asked about" : "of a stream only the first message may",
               peercred_pass_credentials(fds[0], PEERCRED_EVERY, 1),
               is->attests_every_read ? PEERCRED_OK : PEERCRED_UNSUPPORTED);
    for (int i = 0; is->attests_every_read && i < 3; i++) {
        put(fds[1], 0, NULL, 0);
        out = look(fds[0]);
        expect_ids("who sent one of several", &out, mechanism, getpid(), uid, gid);
        take(fds[0]);
    }
    close(fds[0]);
    close(fds[1]);
    fds[0] = open_socket(AF_INET, SOCK_STREAM);
    printf("# the option on a TCP socket: status %d\n", peercred_pass_credentials(fds[0], 0, 1));
    close(fds[0]);

    int listener = bound(SOCK_STREAM, "first-read");
    expect_int("the option goes on for those to be accepted", peercred_pass_credentials(listener, 0, 1), PEERCRED_OK);
    pid_t child = client(listener, "first-read", 1);
    int there = accepted(listener);
    char byte;
    if (recv(there, &byte, 1, MSG_PEEK) != 1) fatal("recv"); // waits for it
    out = look(there);
    if (geteuid() == 0) {
        expect_ids("who sent the first byte, under other ids", &out, mechanism, child,
                   is->message_ids_are_real ? REAL_UID : EFFECTIVE_UID, is->message_ids_are_real ? REAL_GID : EFFECTIVE_GID);
    } else {
        expect_ids("who sent the first byte", &out, mechanism, child, uid, gid);
    }
    take(there);
    close(there);
    close(listener);
    waitpid(child, NULL, 0);

    datagrams(uid, gid);
}

static void descriptors_refused(void) {
    int fds[2];
    pair(SOCK_STREAM, fds);
    int status = peercred_pass_descriptors(fds[0], 0);
    report(status == PEERCRED_OK || status == PEERCRED_UNSUPPORTED, "descriptors may be refused", "found %d, expected 0 or 2", status);
    close(fds[0]);
    close(fds[1]);
}

static void accounts(void) {
    static char name[4096];
    int status = peercred_user_name(0, name, sizeof name);
    report(status == PEERCRED_OK && name[0] != '\0', "uid 0 has a name", "found status %d, %s", status, name);
    status = peercred_group_name(0, name, sizeof name);
    report(status == PEERCRED_OK && name[0] != '\0', "gid 0 has a name", "found status %d, %s", status, name);
    expect_int("a uid without a name", peercred_user_name(4123456789u, name, sizeof name), PEERCRED_NOT_FOUND);
    expect_int("a gid without a name", peercred_group_name(4123456789u, name, sizeof name), PEERCRED_NOT_FOUND);
    expect_int("a name without room for it", peercred_user_name(0, name, 1), PEERCRED_TOO_SMALL);
}

int main(void) {
    struct utsname kernel;
    if (uname(&kernel) < 0) fatal("uname");
    printf("# %s %s %s, %s\n", kernel.sysname, kernel.release, kernel.machine, kernel.version);
    for (is = systems; is->name != NULL && strcmp(is->name, kernel.sysname) != 0; is++) continue;
    alarm(60);
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0) fatal("mkdtemp");
    if (is->name == NULL) {
        struct peercred out = ask(0, 0, NULL);
        expect_nobody("a system that the library has no file for", &out, PEERCRED_UNSUPPORTED);
    } else {
        sockets_without_a_peer();
        connect_time();
        process_descriptor();
        process_now();
        if (is->message_mechanism) {
            messages();
        } else {
            no_messages();
        }
        sending();
        descriptors_refused();
    }
    accounts();
    const char *names[] = {"listening", "server", "first-read", "datagrams"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(address_of(names[i]).sun_path);
    rmdir(folder);
    printf("1..%d\n# %d failed\n", cases, failures);
    return failures == 0 ? 0 : 1;
}
