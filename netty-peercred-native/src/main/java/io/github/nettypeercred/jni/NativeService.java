// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The functions of peercred_service_jni.c. Every buffer is direct; text ends in NUL. Each returns 0, a descriptor or what its
 * comment in peercred_service.h says, or the negative errno of a call that failed.
 */
final class NativeService {
    private NativeService() {}

    /** 0: EAGAIN, 1: ECONNREFUSED. */
    static native int errno(int index);

    /** Returns a descriptor, or -1 with a struct peercred_file in {@code out}. Whatever belongs to {@code unmapped} is nobody's. */
    static native int openFolderOf(ByteBuffer path, int unmapped, ByteBuffer out);

    static native int stat(int folder, @Nullable ByteBuffer name, ByteBuffer out);

    static native int hold(int folder, ByteBuffer name);

    static native int openLock(int folder, ByteBuffer name);

    static native int lock(int fd, boolean on);

    static native int privateFolder(int folder, ByteBuffer name);

    static native int socket(int mode);

    static native int bind(int fd, ByteBuffer path);

    static native int listen(int fd, int backlog);

    static native int changeMode(int folder, ByteBuffer name, int mode);

    static native int changeOwner(int folder, ByteBuffer name, int owner, int group);

    static native int rename(int from, ByteBuffer oldName, int to, ByteBuffer newName, boolean replace);

    static native int unlink(int folder, ByteBuffer name);

    static native int removeFolder(int folder, ByteBuffer name);

    static native int connect(int held, int timeoutMillis);

    static native int listenerPath(int fd, ByteBuffer path);

    static native int adopt(int fd);

    static native int send(int fd, int data, int first, int second);

    static native int receive(int fd, int timeoutMillis, ByteBuffer descriptors);

    static native int refuseMore(int fd);

    static native int signal(int pidfd, int number);

    static native int awaitExit(int pidfd, int timeoutMillis);
}
