// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@code /proc/PID/status} says a process is: the second opinion that the demo compares the socket's with.
 *
 * @param uid the effective user id
 * @param gid the effective group id
 * @param pid the process id
 * @param groups the supplementary groups that have a number in this user namespace
 */
record ProcessStatus(long uid, long gid, long pid, Set<Long> groups) {
    /** "Uid:" and "Gid:" list the real, the effective, the saved and the file system's id. */
    private static final int EFFECTIVE = 1;

    static ProcessStatus of(long pid) throws IOException {
        String status = Files.readString(Path.of("/proc", Long.toString(pid), "status"));
        return new ProcessStatus(
                Long.parseLong(fields(status, "Uid")[EFFECTIVE]),
                Long.parseLong(fields(status, "Gid")[EFFECTIVE]),
                pid,
                groups(fields(status, "Groups")));
    }

    private static Set<Long> groups(String[] fields) throws IOException {
        Set<Long> groups = new TreeSet<>();
        for (String field : fields) {
            if (!field.isEmpty() && !OverflowIds.isGid(Long.parseLong(field))) {
                groups.add(Long.valueOf(field));
            }
        }
        return groups;
    }

    private static String[] fields(String status, String name) {
        return status.lines()
                .filter(line -> line.startsWith(name + ":"))
                .findFirst()
                .map(line -> line.substring(name.length() + 1).trim().split("\\s+", -1))
                .orElseThrow();
    }
}
