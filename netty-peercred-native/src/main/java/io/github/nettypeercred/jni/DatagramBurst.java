// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.netty.buffer.ByteBuf;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The memory by which one channel takes many datagrams at once, each with its sender's credentials: recvmmsg(2). Used on the
 * channel's event loop.
 */
public final class DatagramBurst {
    /** The address of a sender that has none. */
    public static final DomainSocketAddress UNNAMED = new DomainSocketAddress("");

    // Offsets in struct peercred_datagram, which peercred_jni.c asserts.
    private static final int STATUS = 0;
    private static final int PID = 4;
    private static final int UID = 8;
    private static final int GID = 12;
    private static final int LENGTH = 48;
    private static final int SPACE = 56;
    private static final int CAPACITY = 64;
    private static final int NAME_LENGTH = 68;
    private static final int NAME = 72;
    private static final int SIZE = 184;

    /** PEERCRED_BURST of peercred.h. */
    private static final int MOST = 64;

    /** A page, as SELinux has it; a longer one is absent. */
    private static final int LABEL_CAPACITY = 4096;

    private final CaptureRequest request;
    private final int want;
    private final int size;
    private final int labelCapacity;
    private final ByteBuffer memory;
    private final long address;
    private final CaptureBuffer first;

    // The latest credentials, given again while the sender stays the same.
    private @Nullable PeerCredentialsResult latest;
    private int latestPid;
    private int latestUid;
    private int latestGid;

    /**
     * Makes the memory.
     *
     * @param request what to ask for beyond the ids; with anything, one datagram is taken at a time
     * @param most how many datagrams to take at once at most
     */
    public DatagramBurst(CaptureRequest request, int most) {
        this.request = request;
        want = MessageCapture.want(request);
        size = want == 0 ? Math.max(1, Math.min(most, MOST)) : 1;
        labelCapacity = request.label() ? LABEL_CAPACITY : 0;
        memory = ByteBuffer.allocateDirect(size * SIZE + labelCapacity).order(ByteOrder.nativeOrder());
        address = Native.address(memory);
        first = new CaptureBuffer(memory, size * SIZE, labelCapacity);
    }

    /**
     * Returns how many datagrams can be taken at once.
     *
     * @return 1 or more
     */
    public int size() {
        return size;
    }

    /**
     * Sets where the bytes of a datagram go: what is writable of a direct buffer.
     *
     * @param index which datagram of a burst
     * @param space the buffer, which must stay there until the bytes have been received
     */
    public void space(int index, ByteBuf space) {
        int at = index * SIZE;
        int capacity = space.writableBytes();
        long start;
        if (space.hasMemoryAddress()) {
            start = space.memoryAddress() + space.writerIndex();
        } else {
            ByteBuffer nio = space.internalNioBuffer(space.writerIndex(), capacity);
            start = Native.address(nio) + nio.position();
        }
        memory.putLong(at + SPACE, start);
        memory.putInt(at + CAPACITY, capacity);
    }

    /**
     * Takes datagrams that are there, without blocking.
     *
     * @param fd a descriptor for which {@link DatagramCapture#begin} returned null
     * @param count how many at most, not more than there is space for
     * @return how many; 0 if there were none; a negative errno of recvmmsg(2)
     */
    public int receive(int fd, int count) {
        return Native.receive(fd, want, address, count, address + (long) size * SIZE, labelCapacity);
    }

    /**
     * Returns how many bytes a datagram has, those included that its space had no room for.
     *
     * @param index which one of the burst
     * @return 0 or more
     */
    public int length(int index) {
        return memory.getInt(index * SIZE + LENGTH);
    }

    /**
     * Returns the address that the sender is bound to.
     *
     * @param index which one of the burst
     * @return the path, or an abstract name, which begins with NUL; {@link #UNNAMED} if there is none
     */
    public DomainSocketAddress sender(int index) {
        int length = memory.getInt(index * SIZE + NAME_LENGTH);
        if (length == 0) {
            return UNNAMED;
        }
        byte[] name = new byte[length];
        memory.get(index * SIZE + NAME, name);
        return new DomainSocketAddress(new String(name, UTF_8));
    }

    /**
     * Returns who sent a datagram. Called once for each, since with a request it opens a process handle.
     *
     * @param index which one of the burst
     * @param factory makes the credentials
     * @return what the factory made, or an absence
     */
    public PeerCredentialsResult credentials(int index, CredentialsFactory factory) {
        int at = index * SIZE;
        int status = memory.getInt(at + STATUS);
        if (want != 0) {
            return DatagramCapture.sender(status, first, request, factory, larger -> {});
        }
        if (status != Status.OK) {
            return DatagramCapture.absence(status);
        }
        int pid = memory.getInt(at + PID);
        int uid = memory.getInt(at + UID);
        int gid = memory.getInt(at + GID);
        PeerCredentialsResult same = latest;
        if (same != null && pid == latestPid && uid == latestUid && gid == latestGid) {
            return same;
        }
        Absence nobody = DatagramCapture.nobody(uid, gid, pid);
        PeerCredentialsResult result = nobody == null
                ? factory.credentials(uid, gid, pid, Mechanism.SCM_CREDENTIALS, null, null, null)
                : nobody;
        latest = result;
        latestPid = pid;
        latestUid = uid;
        latestGid = gid;
        return result;
    }
}
