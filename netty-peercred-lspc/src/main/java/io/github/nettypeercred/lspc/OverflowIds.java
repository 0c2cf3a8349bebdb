// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The ids that stand for every id without a number in this user namespace: user_namespaces(7). Where the namespace maps all
 * ids there are none, and 65534 is an id like any other.
 */
final class OverflowIds {
    private static final long ALL_IDS = 0xFFFF_FFFFL;

    /** More than an unsigned 32-bit number and a newline. */
    private static final int VALUE_LENGTH = 16;

    private OverflowIds() {}

    static boolean isUid(long uid) throws IOException {
        return is(uid, "/proc/self/uid_map", "/proc/sys/kernel/overflowuid");
    }

    static boolean isGid(long gid) throws IOException {
        return is(gid, "/proc/self/gid_map", "/proc/sys/kernel/overflowgid");
    }

    private static boolean is(long id, String map, String overflowId) throws IOException {
        long mapped = Files.readAllLines(Path.of(map)).stream()
                .mapToLong(extent -> Long.parseLong(extent.trim().split("\\s+", -1)[2]))
                .sum();
        return mapped < ALL_IDS
                && id == Long.parseLong(firstRead(Path.of(overflowId)).trim());
    }

    /** A sysctl gives its value to the first read(2) alone, and {@link Files#readString} begins with a read of one byte. */
    private static String firstRead(Path sysctl) throws IOException {
        try (InputStream in = Files.newInputStream(sysctl)) {
            byte[] value = new byte[VALUE_LENGTH];
            int length = in.read(value);
            return new String(value, 0, Math.max(length, 0), US_ASCII);
        }
    }
}
