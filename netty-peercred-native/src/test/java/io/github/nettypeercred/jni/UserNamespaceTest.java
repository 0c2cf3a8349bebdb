// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UserNamespaceTest {
    private static final String WHOLE_RANGE = "         0          0 4294967295\n";
    private static final String PARTIAL = "         0     100000      65536\n";

    private final Path proc;

    UserNamespaceTest(@TempDir Path proc) throws IOException {
        this.proc = proc;
        Files.createDirectories(proc.resolve("self"));
        Files.createDirectories(proc.resolve("sys/kernel"));
    }

    private void maps(String uidMap, String gidMap) throws IOException {
        Files.writeString(proc.resolve("self/uid_map"), uidMap);
        Files.writeString(proc.resolve("self/gid_map"), gidMap);
    }

    private void overflow(String uid, String gid) throws IOException {
        Files.writeString(proc.resolve("sys/kernel/overflowuid"), uid);
        Files.writeString(proc.resolve("sys/kernel/overflowgid"), gid);
    }

    private static void assertAllMapped(UserNamespace namespace) {
        for (int id : new int[] {0, 1000, 65534, Integer.MIN_VALUE, -2}) {
            assertThat(namespace.isUnmappedUid(id)).isFalse();
            assertThat(namespace.isUnmappedGid(id)).isFalse();
        }
    }

    private static void assertUnmapped(UserNamespace namespace, int uid, int gid) {
        assertThat(namespace.isUnmappedUid(uid)).isTrue();
        assertThat(namespace.isUnmappedGid(gid)).isTrue();
        assertThat(namespace.isUnmappedUid(0)).isFalse();
        assertThat(namespace.isUnmappedGid(0)).isFalse();
        assertThat(namespace.isUnmappedUid(uid - 1)).isFalse();
        assertThat(namespace.isUnmappedGid(gid + 1)).isFalse();
    }

    @Test
    void read_wholeRange_leavesNoIdUnmapped() throws IOException {
        overflow("65534\n", "65534\n");
        maps(WHOLE_RANGE, WHOLE_RANGE);
        assertAllMapped(UserNamespace.read(proc));
    }

    @Test
    void read_wholeRangeInSeveralExtents_leavesNoIdUnmapped() throws IOException {
        overflow("65534\n", "65534\n");
        maps("0 0 1\n1 1 4294967294\n", "0 0 1000\n1000 1000 64536\n65536 65536 4294901759\n");
        assertAllMapped(UserNamespace.read(proc));
    }

    @Test
    void read_partOfTheRange_takesTheOverflowIdForUnmapped() throws IOException {
        overflow("65534\n", "65534\n");
        maps(PARTIAL, PARTIAL);
        assertUnmapped(UserNamespace.read(proc), 65534, 65534);
        maps("0 0 4294967294\n", "0 0 1\n1 1 4294967293\n"); // all but one
        assertUnmapped(UserNamespace.read(proc), 65534, 65534);
    }

    @Test
    void read_usersAndGroups_areJudgedApart() throws IOException {
        overflow("65534\n", "65534\n");
        maps(WHOLE_RANGE, PARTIAL);
        assertThat(UserNamespace.read(proc).isUnmappedUid(65534)).isFalse();
        assertThat(UserNamespace.read(proc).isUnmappedGid(65534)).isTrue();
        maps(PARTIAL, WHOLE_RANGE);
        assertThat(UserNamespace.read(proc).isUnmappedUid(65534)).isTrue();
        assertThat(UserNamespace.read(proc).isUnmappedGid(65534)).isFalse();
    }

    @Test
    void read_overflowIdsSetByTheAdministrator_areUsed() throws IOException {
        overflow("60001\n", "60002\n");
        maps(PARTIAL, PARTIAL);
        assertUnmapped(UserNamespace.read(proc), 60001, 60002);
        assertThat(UserNamespace.read(proc).isUnmappedUid(65534)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "nothing", "0 0", "0 0 many\n", "0 0 -4294967295\n", "0 0 4294967295\ngarbage\n"})
    void read_mapThatSaysNothing_takesTheOverflowIdForUnmapped(String map) throws IOException {
        overflow("65534\n", "65534\n");
        maps(map, map);
        assertUnmapped(UserNamespace.read(proc), 65534, 65534);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "garbage", "-1", "99999999999"})
    void read_overflowIdThatSaysNothing_isTheKernelsDefault(String id) throws IOException {
        overflow(id, id);
        maps(PARTIAL, PARTIAL);
        assertUnmapped(UserNamespace.read(proc), 65534, 65534);
    }

    @Test
    void read_withoutProc_takesTheDefaultOverflowIdForUnmapped() {
        assertUnmapped(UserNamespace.read(proc.resolve("missing")), 65534, 65534);
    }

    /** A sysctl gives its value to the first read(2) alone, which no file of a test's own does. */
    @Test
    void read_aRealSysctl_takesTheWholeOverflowId() throws IOException {
        Path sysctl = Path.of("/proc/sys/kernel/overflowuid");
        assumeTrue(Files.isReadable(sysctl), "left out: this machine shows no " + sysctl);
        Files.createSymbolicLink(proc.resolve("sys/kernel/overflowuid"), sysctl);
        Files.createSymbolicLink(proc.resolve("sys/kernel/overflowgid"), sysctl.resolveSibling("overflowgid"));
        maps(PARTIAL, PARTIAL);
        UserNamespace namespace = UserNamespace.read(proc);
        // Whatever this machine is configured for, it is no id of fewer than two digits.
        assertThat(namespace.uidOverflow()).isGreaterThan(9);
        assertThat(namespace.gidOverflow()).isGreaterThan(9);
    }
}
