// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.examples.dbus.Program;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the same policy and handlers drive a queue of something else. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class JobTest {
    @Test
    void users_submitJobsOfTheirOwn_othersByGrant() throws Exception {
        Program.need("/usr/bin/python3", "python3");
        Program.needRoot();
        try (Server server = Server.start(Server.makeFolder(), List.of())) {
            Program own =
                    server.python(Program.as(5, 60), "jobs.py", "games /bin/report --all", "root /bin/sh", " x", "5 x");
            assertThat(own.output())
                    .matches("200 USER COMMAND\n250 [-0-9a-f]{36}\n550 refused\n550 refused\n550 refused\n");
            assertThat(server.take()).isEqualTo("5 games /bin/report --all");
            assertThat(server.log())
                    .contains("denied what=grant uid=5 gid=60 pid=" + own.pid() + ' ', "action=\"root /bin/sh\"");
            String end = "games " + "x".repeat(Lines.LONGEST + 1 - "games \r\n".length());
            Program bad = server.python(
                    Program.as(5, 60),
                    "jobs.py",
                    "games " + "x".repeat(9000),
                    "/bin/sh " + end,
                    "",
                    "games",
                    "games ",
                    "games /bin/a\rdaemon /bin/b",
                    "games /bin/a\u001b[2K",
                    "games " + "x".repeat(8000));
            assertThat(bad.output()).matches("200 USER COMMAND\n" + "550 refused\n".repeat(7) + "250 [-0-9a-f]{36}\n");
            assertThat(server.take()).isEqualTo("5 games " + "x".repeat(8000));
            Program root = server.python(List.of(), "jobs.py", "games /bin/true");
            assertThat(root.output()).matches("200 USER COMMAND\n250 [-0-9a-f]{36}\n");
            assertThat(server.take()).isEqualTo("0 games /bin/true");
        }
    }
}
