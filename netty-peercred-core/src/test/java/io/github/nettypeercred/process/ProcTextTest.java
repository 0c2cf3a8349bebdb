// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.AbsentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProcTextTest {
    private static final String AFTER_NAME = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 424242 20 21 22 23\n";

    @ParameterizedTest
    @ValueSource(
            strings = {"cat", "", ") (", ") R 1 2 3", "a\nb) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", "((("})
    void startTicks_isFoundBehindAnyName(String name) {
        assertThat(ProcText.startTicks("17 (" + name + ")" + AFTER_NAME)).isEqualTo(424242);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "17 (x) S 1 2 3", "17 x S 1 2", "17 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x 20"
            })
    void startTicks_ofSomethingElse_isAbsent(String stat) {
        assertThatThrownBy(() -> ProcText.startTicks(stat)).isInstanceOf(AbsentException.class);
    }

    @Test
    void capabilities_areRead_notThoseOfAName() {
        String status = "Name:\tx\\nCapEff:\tffff\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n"
                + "CapEff:\t8000000000000080\nCapBnd:\t0000000000000008\nCapAmb:\t0000000000000010";
        ProcessCapabilities capabilities = ProcText.capabilities(status);
        assertThat(capabilities).isEqualTo(new ProcessCapabilities(1, 2, 0x8000000000000080L, 8, 16));
        assertThat(capabilities.isEffective(7)).isTrue();
        assertThat(capabilities.isEffective(63)).isTrue();
        assertThat(capabilities.isEffective(21)).isFalse();
        assertThatThrownBy(() -> capabilities.isEffective(64)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ProcText.capabilities("Name:\tx\n")).isInstanceOf(AbsentException.class);
    }

    @Test
    void cgroup_isSystemds_elseThatOfVersion2() {
        assertThat(ProcText.cgroup("3:pids:/p\n1:name=systemd:/s:x\n0::/u\n")).isEqualTo("/s:x");
        assertThat(ProcText.cgroup("3:pids:/p\n0::/u:v\n")).isEqualTo("/u:v");
        assertThatThrownBy(() -> ProcText.cgroup("3:pids:/p\n")).isInstanceOf(AbsentException.class);
        assertThatThrownBy(() -> ProcText.cgroup("")).isInstanceOf(AbsentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "/system.slice/cron.service, cron.service",
        "/system.slice/system-getty.slice/getty@tty1.service, getty@tty1.service",
        "/user.slice/user-1000.slice/session-2.scope, session-2.scope",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/root-shell.service, user@1000.service",
        "/system.slice/_cpu.service/sub, cpu.service",
        "/init.scope, init.scope",
        "/system.slice/evil.service (deleted), ",
        "/, ",
        "/.service, ",
        "/../../cron.service, ",
        "/docker/cron.service, ",
        "/.slice/cron.service, ",
    })
    void unit_isTheFirstBelowTheSlices(String cgroup, String unit) {
        if (unit == null) {
            assertThatThrownBy(() -> ProcText.unit(cgroup)).isInstanceOf(AbsentException.class);
        } else {
            assertThat(ProcText.unit(cgroup)).isEqualTo(unit);
        }
    }
}
