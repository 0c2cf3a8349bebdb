// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.as;
import static io.github.nettypeercred.lspc.Programs.assumeRoot;
import static io.github.nettypeercred.lspc.Programs.copyClassPath;
import static io.github.nettypeercred.lspc.Programs.isRoot;
import static io.github.nettypeercred.lspc.Programs.lspc;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoTest {
    private static void assertShown(Child demo, int credentials) throws InterruptedException {
        List<String> lines = demo.rest();
        assertThat(demo.errors()).isEmpty();
        assertThat(lines)
                .filteredOn(line -> line.startsWith("/proc says the same "))
                .hasSize(credentials);
        assertThat(lines)
                .last()
                .isEqualTo("credentials that equal what the process is: " + credentials + " of " + credentials
                        + "; refused by the rule: 1 of 1");
        assertThat(demo.exitCode()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void demo_showsEveryChildAsItIs(String transport) throws Exception {
        try (Child demo = lspc("demo", "--transport", transport)) {
            assertShown(demo, isRoot() ? DemoIdentity.SEVERAL.size() : 2);
        }
    }

    @Test
    void demoOfAnOrdinaryUser_showsItself(@TempDir Path folder) throws Exception {
        assumeRoot();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Child demo = lspc(as(1000, "27"), copyClassPath(folder), "demo")) {
            assertShown(demo, 2);
        }
    }

    @Test
    void demoWhereIdsAreNotMapped_leavesThemOut() throws Exception {
        assumeRoot();
        List<String> unshare = List.of("unshare", "--user", "--map-root-user");
        try (Child demo = lspc(unshare, System.getProperty("java.class.path"), "demo")) {
            assertThat(demo.line()).startsWith("A Netty server ");
            for (int i = 0; i < DemoIdentity.SEVERAL.size() + 1; i++) {
                assertThat(demo.line()).startsWith("left out: uid ");
            }
            assertShown(demo, 1);
        }
    }
}
