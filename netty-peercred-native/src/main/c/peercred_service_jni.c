// SPDX-License-Identifier: Apache-2.0
//
// The bridge to io.github.nettypeercred.jni.NativeService. Text and memory come in direct buffers; nothing here allocates or
// throws.
#include "netty_jni_util.h"
#include "peercred.h"
#include "peercred_service.h"

#include <errno.h>

_Static_assert(offsetof(struct peercred_inode, device) == 0, "device");
_Static_assert(offsetof(struct peercred_inode, inode) == 8, "inode");
_Static_assert(offsetof(struct peercred_inode, mode) == 16, "mode");
_Static_assert(offsetof(struct peercred_inode, owner) == 20, "owner");
_Static_assert(sizeof(struct peercred_inode) == 24, "struct peercred_inode");

#define CLASS_NAME "io/github/nettypeercred/jni/NativeService"

// The parameters that every function has and none uses.
#define CALL(name, ...) static jint name(JNIEnv *env, jclass class, __VA_ARGS__)
#define UNUSED (void)env, (void)class

static void *memory(JNIEnv *env, jobject buffer) {
    return buffer == NULL ? NULL : (*env)->GetDirectBufferAddress(env, buffer);
}

CALL(open_folder_of, jobject path, jint unmapped, jobject out) {
    UNUSED;
    return peercred_open_folder_of(memory(env, path), (uint32_t)unmapped, memory(env, out));
}

CALL(stat_at, jint folder, jobject name, jobject out) {
    UNUSED;
    return peercred_service_stat(folder, memory(env, name), memory(env, out));
}

CALL(hold, jint folder, jobject name) {
    UNUSED;
    return peercred_service_hold(folder, memory(env, name));
}

CALL(open_lock, jint folder, jobject name) {
    UNUSED;
    return peercred_service_open_lock(folder, memory(env, name));
}

CALL(lock, jint fd, jboolean on) {
    UNUSED;
    return peercred_service_lock(fd, on);
}

CALL(private_folder, jint folder, jobject name) {
    UNUSED;
    return peercred_service_private_folder(folder, memory(env, name));
}

CALL(new_socket, jint mode) {
    UNUSED;
    return peercred_service_socket((uint32_t)mode);
}

CALL(bind_to, jint fd, jobject path) {
    UNUSED;
    return peercred_service_bind(fd, memory(env, path));
}

CALL(listen_on, jint fd, jint backlog) {
    UNUSED;
    return peercred_service_listen(fd, backlog);
}

CALL(change_mode, jint folder, jobject name, jint mode) {
    UNUSED;
    return peercred_service_change_mode(folder, memory(env, name), (uint32_t)mode);
}

CALL(change_owner, jint folder, jobject name, jint owner, jint group) {
    UNUSED;
    return peercred_service_change_owner(folder, memory(env, name), (uint32_t)owner, (uint32_t)group);
}

CALL(rename_to, jint from, jobject old_name, jint to, jobject new_name, jboolean replace) {
    UNUSED;
    return peercred_service_rename(from, memory(env, old_name), to, memory(env, new_name), replace);
}

CALL(unlink_at, jint folder, jobject name) {
    UNUSED;
    return peercred_service_unlink(folder, memory(env, name));
}

CALL(remove_folder, jint folder, jobject name) {
    UNUSED;
    return peercred_service_remove_folder(folder, memory(env, name));
}

CALL(connect_to, jint held, jint timeout_millis) {
    UNUSED;
    return peercred_service_connect(held, timeout_millis);
}

CALL(listener_path, jint fd, jobject path) {
    UNUSED;
    return peercred_service_listener_path(fd, memory(env, path), (size_t)(*env)->GetDirectBufferCapacity(env, path));
}

CALL(adopt, jint fd) {
    UNUSED;
    return peercred_service_adopt(fd);
}

CALL(send_byte, jint fd, jint byte, jint first, jint second) {
    UNUSED;
    return peercred_service_send(fd, (uint8_t)byte, first, second);
}

CALL(receive_byte, jint fd, jint timeout_millis, jobject descriptors) {
    UNUSED;
    return peercred_service_receive(fd, timeout_millis, memory(env, descriptors));
}

CALL(refuse_more, jint fd) {
    UNUSED;
    return peercred_service_refuse_more(fd);
}

CALL(send_signal, jint pidfd, jint number) {
    UNUSED;
    return peercred_service_signal(pidfd, number);
}

CALL(await_exit, jint pidfd, jint timeout_millis) {
    UNUSED;
    return peercred_service_await_exit(pidfd, timeout_millis);
}

// Their numbers differ by architecture.
CALL(errno_number, jint index) {
    UNUSED;
    return index == 0 ? EAGAIN : ECONNREFUSED;
}

#define BUFFER "Ljava/nio/ByteBuffer;"

static const JNINativeMethod methods[] = {
    {"errno", "(I)I", (void *)errno_number},
    {"openFolderOf", "(" BUFFER "I" BUFFER ")I", (void *)open_folder_of},
    {"stat", "(I" BUFFER BUFFER ")I", (void *)stat_at},
    {"hold", "(I" BUFFER ")I", (void *)hold},
    {"openLock", "(I" BUFFER ")I", (void *)open_lock},
    {"lock", "(IZ)I", (void *)lock},
    {"privateFolder", "(I" BUFFER ")I", (void *)private_folder},
    {"socket", "(I)I", (void *)new_socket},
    {"bind", "(I" BUFFER ")I", (void *)bind_to},
    {"listen", "(II)I", (void *)listen_on},
    {"changeMode", "(I" BUFFER "I)I", (void *)change_mode},
    {"changeOwner", "(I" BUFFER "II)I", (void *)change_owner},
    {"rename", "(I" BUFFER "I" BUFFER "Z)I", (void *)rename_to},
    {"unlink", "(I" BUFFER ")I", (void *)unlink_at},
    {"removeFolder", "(I" BUFFER ")I", (void *)remove_folder},
    {"connect", "(II)I", (void *)connect_to},
    {"listenerPath", "(I" BUFFER ")I", (void *)listener_path},
    {"adopt", "(I)I", (void *)adopt},
    {"send", "(IIII)I", (void *)send_byte},
    {"receive", "(II" BUFFER ")I", (void *)receive_byte},
    {"refuseMore", "(I)I", (void *)refuse_more},
    {"signal", "(II)I", (void *)send_signal},
    {"awaitExit", "(II)I", (void *)await_exit},
};

jint peercred_service_register(JNIEnv *env, const char *package_prefix) {
    jint count = (jint)(sizeof methods / sizeof methods[0]);
    return netty_jni_util_register_natives(env, package_prefix, CLASS_NAME, methods, count);
}
