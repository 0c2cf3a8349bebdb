// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.spi.AccountDatabase;
import java.nio.ByteBuffer;

/** getpwuid_r(3) and getgrgid_r(3). Made by {@link java.util.ServiceLoader}. */
public final class NativeAccountDatabase implements AccountDatabase {
    /** A group entry lists its members, and directories have large groups. */
    private static final int LIMIT = 4 << 20;

    /** Makes the database; it has no state. */
    public NativeAccountDatabase() {}

    @Override
    public Answer<String> userName(long uid) {
        return name("getpwuid_r(3)", uid, Native::userName);
    }

    @Override
    public Answer<String> groupName(long gid) {
        return name("getgrgid_r(3)", gid, Native::groupName);
    }

    private static Answer<String> name(String call, long id, Lookup lookup) {
        if (id < 0 || id >= 0xFFFF_FFFFL) {
            throw new IllegalArgumentException("not an id: " + id);
        }
        Throwable cause = NativeLibrary.unavailabilityCause();
        if (cause != null) {
            return Answer.unknown(new Absence(AbsenceReason.UNAVAILABLE, String.valueOf(cause.getMessage())));
        }
        for (int capacity = 1024; ; capacity *= 4) {
            ByteBuffer space = ByteBuffer.allocateDirect(capacity);
            int status = lookup.find((int) id, space);
            if (status == Status.OK) {
                return Answer.known(terminated(space));
            }
            if (status != Status.TOO_SMALL || capacity >= LIMIT) {
                return Answer.unknown(Status.absence(call, status, 0));
            }
        }
    }

    private static String terminated(ByteBuffer space) {
        int length = 0;
        while (space.get(length) != 0) {
            length++;
        }
        byte[] name = new byte[length];
        space.get(0, name);
        return new String(name, UTF_8);
    }

    @FunctionalInterface
    private interface Lookup {
        int find(int id, ByteBuffer name);
    }
}
