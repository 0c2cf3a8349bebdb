// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Which ids this process's user namespace cannot tell apart. An id without a counterpart in it reads as the overflow id,
 * 65534 unless configured otherwise; only where the namespace maps the whole range is that id an ordinary one.
 *
 * <p>Other systems have none: there every id is mapped.
 *
 * <p>Source: user_namespaces(7). Read once: a process with threads cannot change its user namespace.
 *
 * @param uidOverflow the uid that stands for every unmapped one, or -1 if all are mapped
 * @param gidOverflow the gid that stands for every unmapped one, or -1 if all are mapped
 */
record UserNamespace(int uidOverflow, int gidOverflow) {
    private static final boolean ON_LINUX = System.getProperty("os.name").startsWith("Linux");

    static final UserNamespace CURRENT = ON_LINUX ? read(Path.of("/proc")) : new UserNamespace(-1, -1);

    /** What Linux has compiled in; also assumed where /proc does not say. */
    private static final int DEFAULT_OVERFLOW = 65534;

    /** More than an unsigned 32-bit number and a newline. */
    private static final int VALUE_LENGTH = 16;

    /** All ids but -1, which is nobody's. */
    private static final long WHOLE_RANGE = 0xFFFF_FFFFL;

    static UserNamespace read(Path proc) {
        return new UserNamespace(
                overflow(proc.resolve("self/uid_map"), proc.resolve("sys/kernel/overflowuid")),
                overflow(proc.resolve("self/gid_map"), proc.resolve("sys/kernel/overflowgid")));
    }

    /**
     * Whether these are the ids that the kernel shows for a message to which it attached none: no pid, and the overflow ids,
     * also where those are mapped.
     */
    static boolean isNobody(int pid, int uid, int gid) {
        return ON_LINUX && pid == 0 && uid == Overflow.UID && gid == Overflow.GID;
    }

    private static final class Overflow {
        static final int UID = overflowId(Path.of("/proc/sys/kernel/overflowuid"));
        static final int GID = overflowId(Path.of("/proc/sys/kernel/overflowgid"));
    }

    boolean isUnmappedUid(int uid) {
        return uid == uidOverflow;
    }

    boolean isUnmappedGid(int gid) {
        return gid == gidOverflow;
    }

    private static int overflow(Path map, Path overflowId) {
        return mapsWholeRange(map) ? -1 : overflowId(overflowId); // -1, which no credential has
    }

    private static int overflowId(Path overflowId) {
        try {
            return Integer.parseUnsignedInt(firstRead(overflowId).trim());
        } catch (IOException | NumberFormatException e) {
            return DEFAULT_OVERFLOW;
        }
    }

    /** A sysctl gives its value to the first read(2) alone, and {@link Files#readString} begins with a read of one byte. */
    private static String firstRead(Path sysctl) throws IOException {
        try (InputStream in = Files.newInputStream(sysctl)) {
            byte[] value = new byte[VALUE_LENGTH];
            int length = in.read(value);
            return new String(value, 0, Math.max(length, 0), US_ASCII);
        }
    }

    private static boolean mapsWholeRange(Path map) {
        try {
            List<String> extents = Files.readAllLines(map);
            long mapped = 0;
            for (String extent : extents) {
                mapped += Long.parseLong(extent.trim().split("\\s+", -1)[2]);
            }
            return mapped >= WHOLE_RANGE;
        } catch (IOException | RuntimeException e) {
            return false; // not knowing, treat the overflow id as nobody's
        }
    }
}
