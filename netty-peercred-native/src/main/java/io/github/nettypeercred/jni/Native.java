// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import java.nio.ByteBuffer;

/**
 * The functions of peercred_jni.c. A buffer is direct; an address is that of one which the caller keeps reachable during the
 * call, or 0. A status is 0 for success, positive for a condition of {@link Status}, or the negative errno of a call that failed.
 */
final class Native {
    private Native() {}

    static native long address(ByteBuffer directBuffer);

    /** Fills the {@link CaptureBuffer} at {@code out}, and returns its first status. */
    static native int connectTime(
            int fd, int want, long out, long groups, int groupsCapacity, long label, int labelCapacity);

    static native int passCredentials(int fd, int want, boolean on);

    static native int passDescriptors(int fd, boolean on);

    /** Fills the {@link CaptureBuffer} at {@code out}, and returns its first status. */
    static native int peek(int fd, int want, long out, long label, int labelCapacity);

    static native int checkDatagram(int fd);

    /** Fills the {@link CaptureBuffer} at {@code out}, with the length behind the rest, and returns its first status. */
    static native int peekDatagram(int fd, int want, long out, long label, int labelCapacity);

    /** Takes datagrams into the {@link DatagramBurst} at {@code out}; returns how many, or a negative errno. */
    static native int receive(int fd, int want, long out, int count, long label, int labelCapacity);

    /**
     * Sends {@code length} bytes of a direct buffer from {@code from} on, with credentials; fills the {@link CaptureBuffer}
     * at {@code out} with a struct peercred_sent, and returns its status.
     */
    static native int send(
            int fd, ByteBuffer bytes, int from, int length, int ids, int uid, int gid, int pid, long out);

    /** A copy of a descriptor, which the caller must close; or the negative errno of fcntl(2) F_DUPFD_CLOEXEC. */
    static native int duplicate(int fd);

    static native int pidfdState(int pidfd);

    static native int pidfdIds(int pidfd, ByteBuffer out);

    static native void close(int fd);

    static native int userName(int uid, ByteBuffer name);

    static native int groupName(int gid, ByteBuffer name);

    /** Looks a name that ends in NUL up; {@code ids} receives uid and gid. */
    static native int userId(ByteBuffer name, ByteBuffer space, ByteBuffer ids);

    /** Looks a name that ends in NUL up; {@code id} receives the gid. */
    static native int groupId(ByteBuffer name, ByteBuffer space, ByteBuffer id);

    /** Fills {@code groups} with gids; {@code count} holds the space in gids, and receives the number of them. */
    static native int userGroups(ByteBuffer name, int primary, ByteBuffer groups, ByteBuffer count);

    static native int ownUid();

    /**
     * Reads the file of a path that ends in NUL; {@code out} receives a struct peercred_file. Whatever belongs to
     * {@code unmapped} is nobody's.
     */
    static native void readFile(ByteBuffer path, int unmapped, ByteBuffer content, ByteBuffer out);
}
