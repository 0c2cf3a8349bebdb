// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The ids that stand for every id without a number in this user namespace: user_namespaces(7). Where the namespace maps all
 * ids there are none, and 65534 is an id like any other.
 */
final class OverflowIds {
    private static final long ALL_IDS = 0xFFFF_FFFFL;

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
                && id == Long.parseLong(Files.readString(Path.of(overflowId)).trim());
    }
}
