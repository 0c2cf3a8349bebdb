// SPDX-License-Identifier: Apache-2.0
//
// The C half of the benchmarks: loops over exactly the system calls that a capture makes, the floor that nothing can get
// below, and clients that cost little. Every function returns 0 or more for success, or a negative errno.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <jni.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

enum { GROUPS = 1, PIDFD = 2, MAX_GROUPS = 256 };

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_io_github_nettypeercred_microbench_Floor_##name

static int ask(int fd, void *space, socklen_t length, int option) {
    return getsockopt(fd, SOL_SOCKET, option, space, &length) == 0 ? 0 : -errno;
}

// Asks for the ids, and for the groups and a pidfd if flagged, and closes the pidfd, so many times.
NATIVE(jint, loop)(JNIEnv *env, jclass class, jint fd, jint flags, jint times) {
    (void)env, (void)class;
    for (jint i = 0; i < times; i++) {
        struct ucred peer;
        int error = ask(fd, &peer, sizeof peer, SO_PEERCRED);
        if (error != 0) return error;
        if (flags & GROUPS) {
            gid_t groups[MAX_GROUPS];
            error = ask(fd, groups, sizeof groups, SO_PEERGROUPS);
            if (error != 0) return error;
        }
        if (flags & PIDFD) {
            int pidfd;
            error = ask(fd, &pidfd, sizeof pidfd, SO_PEERPIDFD);
            if (error != 0) return error;
            if (close(pidfd) != 0) return -errno;
        }
    }
    return 0;
}

// Gives this process so many supplementary groups, which takes privilege.
NATIVE(jint, setGroups)(JNIEnv *env, jclass class, jint count) {
    (void)env, (void)class;
    gid_t groups[MAX_GROUPS];
    if (count > MAX_GROUPS) return -EINVAL;
    for (jint i = 0; i < count; i++) groups[i] = (gid_t)(1000 + i);
    return setgroups((size_t)count, groups) == 0 ? 0 : -errno;
}

static int connect_to(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static int address_of(JNIEnv *env, jbyteArray path, struct sockaddr_un *address) {
    jsize length = (*env)->GetArrayLength(env, path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((size_t)length >= sizeof address->sun_path) return -ENAMETOOLONG;
    (*env)->GetByteArrayRegion(env, path, 0, length, (jbyte *)address->sun_path);
    return 0;
}

// Connects, and returns the descriptor.
NATIVE(jint, connect)(JNIEnv *env, jclass class, jbyteArray path) {
    (void)class;
    struct sockaddr_un address;
    int error = address_of(env, path, &address);
    return error != 0 ? error : connect_to(&address);
}

// Connects and closes, so many times.
NATIVE(jint, connectAndClose)(JNIEnv *env, jclass class, jbyteArray path, jint times) {
    (void)class;
    struct sockaddr_un address;
    int error = address_of(env, path, &address);
    if (error != 0) return error;
    for (jint i = 0; i < times; i++) {
        int fd = connect_to(&address);
        if (fd < 0) return fd;
        close(fd);
    }
    return 0;
}

// Writes a message and reads as much back, so many times.
NATIVE(jint, echo)(JNIEnv *env, jclass class, jint fd, jint size, jint times) {
    (void)env, (void)class;
    static char message[64 * 1024];
    if (size < 0 || (size_t)size > sizeof message) return -EINVAL;
    for (jint i = 0; i < times; i++) {
        for (jint done = 0; done < size;) {
            ssize_t n = write(fd, message + done, (size_t)(size - done));
            if (n < 0) return -errno;
            done += (jint)n;
        }
        for (jint done = 0; done < size;) {
            ssize_t n = read(fd, message + done, (size_t)(size - done));
            if (n <= 0) return n == 0 ? -EPIPE : -errno;
            done += (jint)n;
        }
    }
    return 0;
}

// Makes a datagram socket that is connected to a path, and returns the descriptor.
NATIVE(jint, connectDatagram)(JNIEnv *env, jclass class, jbyteArray path) {
    (void)class;
    struct sockaddr_un address;
    int error = address_of(env, path, &address);
    if (error != 0) return error;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

// Sends a datagram, waiting for room, so many times.
NATIVE(jint, sendDatagrams)(JNIEnv *env, jclass class, jint fd, jint size, jint times) {
    (void)env, (void)class;
    static char message[64 * 1024];
    if (size < 0 || (size_t)size > sizeof message) return -EINVAL;
    for (jint i = 0; i < times; i++) {
        if (send(fd, message, (size_t)size, 0) != size) return -errno;
    }
    return 0;
}

// Has the kernel attach credentials to what a socket reads.
NATIVE(jint, passCredentials)(JNIEnv *env, jclass class, jint fd) {
    (void)env, (void)class;
    const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 ? 0 : -errno;
}

NATIVE(void, close)(JNIEnv *env, jclass class, jint fd) {
    (void)env, (void)class;
    close(fd);
}
