// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.process.ProcessIds;
import io.github.nettypeercred.spi.ProcessCalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The system calls on process descriptors. */
final class NativeProcessCalls implements ProcessCalls {
    static final NativeProcessCalls INSTANCE = new NativeProcessCalls();

    /** The size of struct peercred_process: eight 32-bit numbers. */
    private static final int STRUCT_SIZE = 32;

    private NativeProcessCalls() {}

    @Override
    public boolean hasExited(int pidfd) {
        int status = Native.pidfdState(pidfd);
        if (status != Status.OK && status != Status.EXITED) {
            throw new AbsentException(Status.absence("poll(2) on a process descriptor", status, 0));
        }
        return status == Status.EXITED;
    }

    @Override
    public Answer<ProcessIds> ids(int pidfd) {
        ByteBuffer out = ByteBuffer.allocateDirect(STRUCT_SIZE).order(ByteOrder.nativeOrder());
        int status = Native.pidfdIds(pidfd, out);
        if (status != Status.OK) {
            return Answer.unknown(Status.absence("ioctl PIDFD_GET_INFO (Linux 6.13)", status, 0));
        }
        UserNamespace namespace = UserNamespace.CURRENT;
        for (int at = 8; at < STRUCT_SIZE; at += Integer.BYTES) {
            int id = out.getInt(at);
            if (at < 20 ? namespace.isUnmappedUid(id) : namespace.isUnmappedGid(id)) {
                return Answer.unknown(new Absence(
                        AbsenceReason.UNMAPPED, "an id of the process has no number in this user namespace"));
            }
        }
        return Answer.known(new ProcessIds(
                out.getInt(0),
                out.getInt(4),
                Integer.toUnsignedLong(out.getInt(8)),
                Integer.toUnsignedLong(out.getInt(12)),
                Integer.toUnsignedLong(out.getInt(16)),
                Integer.toUnsignedLong(out.getInt(20)),
                Integer.toUnsignedLong(out.getInt(24)),
                Integer.toUnsignedLong(out.getInt(28))));
    }

    @Override
    public int duplicate(int pidfd) {
        int copy = Native.duplicate(pidfd);
        if (copy < 0) {
            throw new AbsentException(Status.absence("fcntl(2) F_DUPFD_CLOEXEC", copy, 0));
        }
        return copy;
    }

    @Override
    public void close(int pidfd) {
        Native.close(pidfd);
    }
}
