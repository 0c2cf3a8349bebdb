// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.spi.AccountDatabase;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** getpwuid_r(3), getgrgid_r(3) and their like. Made by {@link java.util.ServiceLoader}. */
public final class NativeAccountDatabase implements AccountDatabase {
    /** A group entry lists its members, and directories have large groups. */
    private static final int LIMIT = 4 << 20;

    /** More than NGROUPS_MAX of Linux. */
    private static final int GROUPS_LIMIT = 1 << 17;

    private static final long NO_ID = 0xFFFF_FFFFL;

    /** Makes the database; it has no state. */
    public NativeAccountDatabase() {}

    @Override
    public Answer<String> userName(long uid) {
        int id = id(uid);
        return lookUp("getpwuid_r(3)", space -> Native.userName(id, space), NativeAccountDatabase::terminated);
    }

    @Override
    public Answer<String> groupName(long gid) {
        int id = id(gid);
        return lookUp("getgrgid_r(3)", space -> Native.groupName(id, space), NativeAccountDatabase::terminated);
    }

    @Override
    public Answer<UserIds> userIds(String name) {
        ByteBuffer wanted = CString.of(name);
        ByteBuffer ids = CString.ints(2);
        Answer<UserIds> found = lookUp(
                "getpwnam_r(3)",
                space -> Native.userId(wanted, space, ids),
                space -> new UserIds(unsigned(ids, 0), unsigned(ids, 1)));
        return found instanceof Answer.Known<UserIds> user
                        && (user.known().uid() == NO_ID || user.known().gid() == NO_ID)
                ? Answer.unknown(nobodys("getpwnam_r(3)"))
                : found;
    }

    @Override
    public Answer<Long> groupId(String name) {
        ByteBuffer wanted = CString.of(name);
        ByteBuffer id = CString.ints(1);
        Answer<Long> found =
                lookUp("getgrnam_r(3)", space -> Native.groupId(wanted, space, id), space -> unsigned(id, 0));
        return found instanceof Answer.Known<Long> group && group.known() == NO_ID
                ? Answer.unknown(nobodys("getgrnam_r(3)"))
                : found;
    }

    @Override
    public Answer<List<Long>> groupsOf(String name) {
        Answer<UserIds> ids = userIds(name);
        return ids instanceof Answer.Unknown<UserIds> unknown
                ? Answer.unknown(unknown.why())
                : groupsOf(name, (int) ids.orElseThrow().gid());
    }

    private static Answer<List<Long>> groupsOf(String name, int primary) {
        ByteBuffer wanted = CString.of(name);
        ByteBuffer count = CString.ints(1);
        int capacity = 64;
        while (true) {
            ByteBuffer groups = CString.ints(capacity);
            count.putInt(0, capacity);
            int status = Native.userGroups(wanted, primary, groups, count);
            if (status == Status.OK) {
                List<Long> gids = new ArrayList<>();
                for (int i = 0; i < count.getInt(0); i++) {
                    gids.add(unsigned(groups, i));
                }
                return Answer.known(gids.stream()
                        .filter(gid -> gid != NO_ID)
                        .distinct()
                        .sorted()
                        .toList());
            }
            if (status != Status.TOO_SMALL || capacity >= GROUPS_LIMIT) {
                return Answer.unknown(Status.absence("getgrouplist(3)", status, 0));
            }
            capacity = Math.min(GROUPS_LIMIT, Math.max(capacity * 2, count.getInt(0)));
        }
    }

    @Override
    public Answer<Long> ownUid() {
        Absence absence = unavailable();
        return absence == null ? Answer.known(Integer.toUnsignedLong(Native.ownUid())) : Answer.unknown(absence);
    }

    private static <T> Answer<T> lookUp(String call, ToIntFunction<ByteBuffer> lookup, Function<ByteBuffer, T> result) {
        Absence absence = unavailable();
        if (absence != null) {
            return Answer.unknown(absence);
        }
        for (int capacity = 1024; ; capacity *= 4) {
            ByteBuffer space = ByteBuffer.allocateDirect(capacity);
            int status = lookup.applyAsInt(space);
            if (status == Status.OK) {
                return Answer.known(result.apply(space));
            }
            if (status != Status.TOO_SMALL || capacity >= LIMIT) {
                return Answer.unknown(Status.absence(call, status, 0));
            }
        }
    }

    private static @Nullable Absence unavailable() {
        Throwable cause = NativeLibrary.unavailabilityCause();
        return cause == null ? null : new Absence(AbsenceReason.UNAVAILABLE, String.valueOf(cause.getMessage()));
    }

    private static Absence nobodys(String call) {
        return new Absence(AbsenceReason.MALFORMED, call + ": the entry has the id -1, which is nobody's");
    }

    private static int id(long id) {
        if (id < 0 || id >= NO_ID) {
            throw new IllegalArgumentException("not an id: " + id);
        }
        return (int) id;
    }

    private static long unsigned(ByteBuffer ints, int index) {
        return Integer.toUnsignedLong(ints.getInt(index * Integer.BYTES));
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
}
