// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.spi.AttachedIds;
import io.netty.channel.Channel;
import io.netty.util.concurrent.FastThreadLocal;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The memory that one thread's captures fill: {@code struct peercred}, a datagram's length, then space for groups and for a label.
 */
final class CaptureBuffer {
    private static final FastThreadLocal<CaptureBuffer> OF_THREAD = new FastThreadLocal<>() {
        @Override
        protected CaptureBuffer initialValue() {
            return new CaptureBuffer(256, 256);
        }
    };

    // Offsets in struct peercred, which peercred_jni.c asserts.
    private static final int PID = 4;
    private static final int UID = 8;
    private static final int GID = 12;
    private static final int GROUPS_STATUS = 16;
    private static final int GROUPS_COUNT = 20;
    private static final int LABEL_STATUS = 24;
    private static final int LABEL_LENGTH = 28;
    private static final int PIDFD_STATUS = 32;
    private static final int PIDFD = 36;
    private static final int PIDFD_ERRNO = 40;
    private static final int MECHANISM = 44;
    private static final int LENGTH = 48; // behind struct peercred, as in struct peercred_datagram
    private static final int STRUCT_SIZE = 52;

    private static final int SENT = 4;

    /** In the order of enum peercred_mechanism, after the one that is none. */
    private static final Mechanism[] MECHANISMS = {
        Mechanism.SO_PEERCRED,
        Mechanism.SCM_CREDENTIALS,
        Mechanism.LOCAL_PEERCRED,
        Mechanism.LOCAL_PEEREID,
        Mechanism.SCM_CREDS,
        Mechanism.SCM_CREDS2
    };

    private final ByteBuffer buffer;
    private final long address;
    private final int groupsCapacity;
    private final int labelCapacity;
    private final int labelOffset;
    private WeakReference<@Nullable Channel> checkedServer = new WeakReference<>(null);

    /** Makes one with room for so many groups and so many bytes of label. */
    CaptureBuffer(int groupsCapacity, int labelCapacity) {
        this.groupsCapacity = groupsCapacity;
        this.labelCapacity = labelCapacity;
        labelOffset = STRUCT_SIZE + groupsCapacity * Integer.BYTES;
        buffer = ByteBuffer.allocateDirect(labelOffset + labelCapacity).order(ByteOrder.nativeOrder());
        address = Native.address(buffer);
    }

    /** Makes one of the beginning of memory that is there, without room for groups. */
    CaptureBuffer(ByteBuffer buffer, int labelOffset, int labelCapacity) {
        groupsCapacity = 0;
        this.labelCapacity = labelCapacity;
        this.labelOffset = labelOffset;
        this.buffer = buffer;
        address = Native.address(buffer);
    }

    static CaptureBuffer ofThread() {
        return OF_THREAD.get();
    }

    /**
     * Whether this is the server channel of which the thread last saw an accepted connection that proved to be a Unix
     * socket. Its other connections are of the same kind, so they are not checked again, which would cost more than the
     * capture.
     */
    boolean hasChecked(Channel server) {
        return checkedServer.refersTo(server);
    }

    void setChecked(Channel server) {
        checkedServer = new WeakReference<>(server);
    }

    int capture(int fd, int want) {
        return Native.connectTime(
                fd, want, address, address + STRUCT_SIZE, groupsCapacity, address + labelOffset, labelCapacity);
    }

    /** Looks at the next byte of a stream: then the answers are about its sender. */
    int peek(int fd, int want) {
        return Native.peek(fd, want, address, address + labelOffset, labelCapacity);
    }

    /** Looks at the next datagram: then the answers are about its sender. */
    int peekDatagram(int fd, int want) {
        return Native.peekDatagram(fd, want, address, address + labelOffset, labelCapacity);
    }

    /** How many bytes the datagram has that was looked at. */
    int length() {
        return buffer.getInt(LENGTH);
    }

    /** Sends bytes with credentials attached: then {@link #sent()} says how many. */
    int send(int fd, ByteBuffer bytes, AttachedIds ids) {
        return Native.send(
                fd,
                bytes,
                bytes.position(),
                bytes.remaining(),
                code(ids.kind()),
                ids.uid(),
                ids.gid(),
                ids.pid(),
                address);
    }

    /** That of enum peercred_ids. */
    private static int code(AttachedIds.Kind kind) {
        return switch (kind) {
            case REAL -> 0;
            case EFFECTIVE -> 1;
            case SAVED -> 2;
            case GIVEN -> 3;
        };
    }

    int sent() {
        return buffer.getInt(SENT);
    }

    int pid() {
        return buffer.getInt(PID);
    }

    int uid() {
        return buffer.getInt(UID);
    }

    int gid() {
        return buffer.getInt(GID);
    }

    /** Where the ids come from, if there are any. */
    Mechanism mechanism() {
        return MECHANISMS[buffer.getInt(MECHANISM) - 1];
    }

    /** What was asked, in the words of its manual. */
    String call() {
        int mechanism = buffer.getInt(MECHANISM);
        return mechanism == 0 ? "credentials of peers" : MECHANISMS[mechanism - 1].name();
    }

    int groupsStatus() {
        return buffer.getInt(GROUPS_STATUS);
    }

    int groupsCount() {
        return buffer.getInt(GROUPS_COUNT);
    }

    int[] groups() {
        int[] gids = new int[groupsCount()];
        for (int i = 0; i < gids.length; i++) {
            gids[i] = buffer.getInt(STRUCT_SIZE + i * Integer.BYTES);
        }
        return gids;
    }

    int labelStatus() {
        return buffer.getInt(LABEL_STATUS);
    }

    int labelLength() {
        return buffer.getInt(LABEL_LENGTH);
    }

    byte[] label() {
        byte[] label = new byte[labelLength()];
        buffer.get(labelOffset, label);
        return label;
    }

    int pidfdStatus() {
        return buffer.getInt(PIDFD_STATUS);
    }

    int pidfd() {
        return buffer.getInt(PIDFD);
    }

    int pidfdErrno() {
        return buffer.getInt(PIDFD_ERRNO);
    }
}
