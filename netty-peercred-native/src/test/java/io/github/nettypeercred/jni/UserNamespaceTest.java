// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserNamespaceTest {
    private static final Path SYSCTL = Path.of("/proc/sys/kernel/overflowuid");

    private static Path proc(Path folder, String map) throws Exception {
        Files.createDirectory(folder.resolve("self"));
        Files.writeString(folder.resolve("self/uid_map"), map);
        Files.writeString(folder.resolve("self/gid_map"), map);
        return folder;
    }

    @Test
    void overflowId_isReadWholeFromARealSysctl(@TempDir Path folder) throws Exception {
        assumeTrue(Files.isReadable(SYSCTL), "needs " + SYSCTL);
        proc(folder, "         0       1000          1\n");
        Path kernel = Files.createDirectories(folder.resolve("sys/kernel"));
        Files.createSymbolicLink(kernel.resolve("overflowuid"), SYSCTL);
        Files.createSymbolicLink(kernel.resolve("overflowgid"), SYSCTL.resolveSibling("overflowgid"));

        // Whatever this machine is configured for, it is no id of fewer than two digits.
        UserNamespace namespace = UserNamespace.read(folder);
        assertThat(namespace.uidOverflow()).isGreaterThan(9);
        assertThat(namespace.gidOverflow()).isGreaterThan(9);
    }

    @Test
    void overflowId_isAssumedWhereProcDoesNotSay(@TempDir Path folder) throws Exception {
        assertThat(UserNamespace.read(proc(folder, "0 1000 1\n"))).isEqualTo(new UserNamespace(65534, 65534));
    }

    @Test
    void namespaceThatMapsAllIds_hasNoOverflowId(@TempDir Path folder) throws Exception {
        assertThat(UserNamespace.read(proc(folder, "0 0 4294967295\n"))).isEqualTo(new UserNamespace(-1, -1));
    }
}
