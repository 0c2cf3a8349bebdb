// SPDX-License-Identifier: Apache-2.0
//
// The bridge to io.github.nettypeercred.jni.Native, which with that of peercred_service_jni.c alone knows JNI. Java owns all memory: it passes a
// direct buffer or, on the path that counts, the address of one that it keeps alive during the call. Nothing here allocates
// or throws.
#define _POSIX_C_SOURCE 200809L // F_DUPFD_CLOEXEC
#include "netty_jni_util.h"
#include "peercred.h"
#include "peercred_service.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// Java reads struct peercred and struct peercred_process at these offsets.
_Static_assert(offsetof(struct peercred, status) == 0, "status");
_Static_assert(offsetof(struct peercred, pid) == 4, "pid");
_Static_assert(offsetof(struct peercred, uid) == 8, "uid");
_Static_assert(offsetof(struct peercred, gid) == 12, "gid");
_Static_assert(offsetof(struct peercred, groups_status) == 16, "groups_status");
_Static_assert(offsetof(struct peercred, groups_count) == 20, "groups_count");
_Static_assert(offsetof(struct peercred, label_status) == 24, "label_status");
_Static_assert(offsetof(struct peercred, label_length) == 28, "label_length");
_Static_assert(offsetof(struct peercred, pidfd_status) == 32, "pidfd_status");
_Static_assert(offsetof(struct peercred, pidfd) == 36, "pidfd");
_Static_assert(offsetof(struct peercred, pidfd_errno) == 40, "pidfd_errno");
_Static_assert(offsetof(struct peercred, mechanism) == 44, "mechanism");
_Static_assert(sizeof(struct peercred) == 48, "struct peercred");
_Static_assert(offsetof(struct peercred_datagram, sender) == 0, "sender");
_Static_assert(offsetof(struct peercred_datagram, length) == 48, "length");
_Static_assert(offsetof(struct peercred_datagram, space) == 56, "space");
_Static_assert(offsetof(struct peercred_datagram, capacity) == 64, "capacity");
_Static_assert(offsetof(struct peercred_datagram, name_length) == 68, "name_length");
_Static_assert(offsetof(struct peercred_datagram, name) == 72, "name");
_Static_assert(sizeof(struct peercred_datagram) == 184, "struct peercred_datagram");
_Static_assert(offsetof(struct peercred_sent, status) == offsetof(struct peercred, status), "status");
_Static_assert(offsetof(struct peercred_sent, count) == 4, "count");
_Static_assert(offsetof(struct peercred_process, ruid) == 8, "ruid");
_Static_assert(offsetof(struct peercred_process, rgid) == 20, "rgid");
_Static_assert(sizeof(struct peercred_process) == 32, "struct peercred_process");
_Static_assert(offsetof(struct peercred_file, status) == 0, "status");
_Static_assert(offsetof(struct peercred_file, length) == 4, "length");
_Static_assert(offsetof(struct peercred_file, component_end) == 8, "component_end");
_Static_assert(offsetof(struct peercred_file, mode) == 12, "mode");
_Static_assert(offsetof(struct peercred_file, owner) == 16, "owner");
_Static_assert(offsetof(struct peercred_file, links) == 20, "links");
_Static_assert(sizeof(struct peercred_file) == 24, "struct peercred_file");

#define CLASS_NAME "io/github/nettypeercred/jni/Native"

static void *pointer(jlong address) {
    return (void *)(intptr_t)address;
}

static jlong address_of(JNIEnv *env, jclass class, jobject buffer) {
    (void)class;
    return (jlong)(intptr_t)(*env)->GetDirectBufferAddress(env, buffer);
}

static jint connect_time(JNIEnv *env, jclass class, jint fd, jint want, jlong out, jlong groups, jint groups_capacity,
                         jlong label, jint label_capacity) {
    (void)env;
    (void)class;
    struct peercred *answer = pointer(out);
    const struct peercred_space space = {
        .groups = pointer(groups),
        .groups_capacity = (uint32_t)groups_capacity,
        .label = pointer(label),
        .label_capacity = (uint32_t)label_capacity,
    };
    peercred_connect_time(fd, (unsigned)want, &space, answer);
    return answer->status;
}

static jint pass_credentials(JNIEnv *env, jclass class, jint fd, jint want, jboolean on) {
    (void)env;
    (void)class;
    return peercred_pass_credentials(fd, (unsigned)want, on);
}

static jint pass_descriptors(JNIEnv *env, jclass class, jint fd, jboolean on) {
    (void)env;
    (void)class;
    return peercred_pass_descriptors(fd, on);
}

static jint peek(JNIEnv *env, jclass class, jint fd, jint want, jlong out, jlong label, jint label_capacity) {
    (void)env;
    (void)class;
    struct peercred *answer = pointer(out);
    const struct peercred_space space = {.label = pointer(label), .label_capacity = (uint32_t)label_capacity};
    peercred_peek(fd, (unsigned)want, &space, answer);
    return answer->status;
}

static jint check_datagram(JNIEnv *env, jclass class, jint fd) {
    (void)env;
    (void)class;
    return peercred_check_datagram(fd);
}

// Fills the struct peercred, and the length behind it.
static jint peek_datagram(JNIEnv *env, jclass class, jint fd, jint want, jlong out, jlong label, jint label_capacity) {
    (void)env;
    (void)class;
    struct peercred_datagram *answer = pointer(out);
    const struct peercred_space space = {.label = pointer(label), .label_capacity = (uint32_t)label_capacity};
    peercred_peek_datagram(fd, (unsigned)want, &space, &answer->length, &answer->sender);
    return answer->sender.status;
}

static jint receive(JNIEnv *env, jclass class, jint fd, jint want, jlong out, jint count, jlong label, jint label_capacity) {
    (void)env;
    (void)class;
    const struct peercred_space space = {.label = pointer(label), .label_capacity = (uint32_t)label_capacity};
    return peercred_receive(fd, (unsigned)want, &space, pointer(out), (unsigned)count);
}

static jint send_with_credentials(JNIEnv *env, jclass class, jint fd, jobject bytes, jint from, jint length, jint ids,
                                  jint uid, jint gid, jint pid, jlong out) {
    (void)class;
    const struct peercred_sender as = {.ids = ids, .pid = pid, .uid = (uint32_t)uid, .gid = (uint32_t)gid};
    struct peercred_sent *answer = pointer(out);
    const char *start = (*env)->GetDirectBufferAddress(env, bytes);
    peercred_send(fd, start + from, (uint32_t)length, &as, answer);
    return answer->status;
}

static jint duplicate(JNIEnv *env, jclass class, jint fd) {
    (void)env;
    (void)class;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

static jint pidfd_state(JNIEnv *env, jclass class, jint pidfd) {
    (void)env;
    (void)class;
    return peercred_pidfd_state(pidfd);
}

static jint pidfd_ids(JNIEnv *env, jclass class, jint pidfd, jobject out) {
    (void)class;
    return peercred_pidfd_ids(pidfd, (*env)->GetDirectBufferAddress(env, out));
}

static void close_fd(JNIEnv *env, jclass class, jint fd) {
    (void)env;
    (void)class;
    // close(2): the descriptor is gone even when EINTR or EIO comes back, so there is nothing to do about either.
    (void)close(fd);
}

static jint user_name(JNIEnv *env, jclass class, jint uid, jobject name) {
    (void)class;
    return peercred_user_name((uint32_t)uid, (*env)->GetDirectBufferAddress(env, name),
                              (size_t)(*env)->GetDirectBufferCapacity(env, name));
}

static jint group_name(JNIEnv *env, jclass class, jint gid, jobject name) {
    (void)class;
    return peercred_group_name((uint32_t)gid, (*env)->GetDirectBufferAddress(env, name),
                               (size_t)(*env)->GetDirectBufferCapacity(env, name));
}

static jint user_id(JNIEnv *env, jclass class, jobject name, jobject space, jobject ids) {
    (void)class;
    uint32_t *out = (*env)->GetDirectBufferAddress(env, ids);
    return peercred_user_id((*env)->GetDirectBufferAddress(env, name), (*env)->GetDirectBufferAddress(env, space),
                            (size_t)(*env)->GetDirectBufferCapacity(env, space), out, out + 1);
}

static jint group_id(JNIEnv *env, jclass class, jobject name, jobject space, jobject id) {
    (void)class;
    return peercred_group_id((*env)->GetDirectBufferAddress(env, name), (*env)->GetDirectBufferAddress(env, space),
                             (size_t)(*env)->GetDirectBufferCapacity(env, space), (*env)->GetDirectBufferAddress(env, id));
}

static jint user_groups(JNIEnv *env, jclass class, jobject name, jint primary, jobject groups, jobject count) {
    (void)class;
    return peercred_user_groups((*env)->GetDirectBufferAddress(env, name), (uint32_t)primary,
                                (*env)->GetDirectBufferAddress(env, groups), (*env)->GetDirectBufferAddress(env, count));
}

static jint own_uid(JNIEnv *env, jclass class) {
    (void)env;
    (void)class;
    return (jint)peercred_own_uid();
}

static void read_file(JNIEnv *env, jclass class, jobject path, jint unmapped, jobject content, jobject out) {
    (void)class;
    peercred_read_file((*env)->GetDirectBufferAddress(env, path), (uint32_t)unmapped,
                       (*env)->GetDirectBufferAddress(env, content), (size_t)(*env)->GetDirectBufferCapacity(env, content),
                       (*env)->GetDirectBufferAddress(env, out));
}

static const JNINativeMethod methods[] = {
    {"address", "(Ljava/nio/ByteBuffer;)J", (void *)address_of},
    {"connectTime", "(IIJJIJI)I", (void *)connect_time},
    {"passCredentials", "(IIZ)I", (void *)pass_credentials},
    {"passDescriptors", "(IZ)I", (void *)pass_descriptors},
    {"peek", "(IIJJI)I", (void *)peek},
    {"checkDatagram", "(I)I", (void *)check_datagram},
    {"peekDatagram", "(IIJJI)I", (void *)peek_datagram},
    {"receive", "(IIJIJI)I", (void *)receive},
    {"send", "(ILjava/nio/ByteBuffer;IIIIIIJ)I", (void *)send_with_credentials},
    {"duplicate", "(I)I", (void *)duplicate},
    {"pidfdState", "(I)I", (void *)pidfd_state},
    {"pidfdIds", "(ILjava/nio/ByteBuffer;)I", (void *)pidfd_ids},
    {"close", "(I)V", (void *)close_fd},
    {"userName", "(ILjava/nio/ByteBuffer;)I", (void *)user_name},
    {"groupName", "(ILjava/nio/ByteBuffer;)I", (void *)group_name},
    {"userId", "(Ljava/nio/ByteBuffer;Ljava/nio/ByteBuffer;Ljava/nio/ByteBuffer;)I", (void *)user_id},
    {"groupId", "(Ljava/nio/ByteBuffer;Ljava/nio/ByteBuffer;Ljava/nio/ByteBuffer;)I", (void *)group_id},
    {"userGroups", "(Ljava/nio/ByteBuffer;ILjava/nio/ByteBuffer;Ljava/nio/ByteBuffer;)I", (void *)user_groups},
    {"ownUid", "()I", (void *)own_uid},
    {"readFile", "(Ljava/nio/ByteBuffer;ILjava/nio/ByteBuffer;Ljava/nio/ByteBuffer;)V", (void *)read_file},
};

static jint load(JNIEnv *env, const char *package_prefix) {
    jint count = (jint)(sizeof methods / sizeof methods[0]);
    return netty_jni_util_register_natives(env, package_prefix, CLASS_NAME, methods, count) == 0 &&
                   peercred_service_register(env, package_prefix) == 0
               ? NETTY_JNI_UTIL_JNI_VERSION
               : JNI_ERR;
}

JNIEXPORT jint JNI_OnLoad(JavaVM *vm, void *reserved) {
    return netty_jni_util_JNI_OnLoad(vm, reserved, "netty_peercred", load);
}
