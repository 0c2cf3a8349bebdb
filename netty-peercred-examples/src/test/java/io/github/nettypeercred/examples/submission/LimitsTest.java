// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.examples.dbus.Program;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That a user who floods the queue is stopped, and nobody else. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LimitsTest {
    @Test
    void user_whoTakesTooMuch_isStoppedAlone() throws Exception {
        Program.need("/usr/bin/python3", "python3");
        Program.needRoot();
        try (Server server = Server.start()) {
            List<String> flooder = new ArrayList<>(Program.as(5, 60));
            flooder.addAll(Server.script("flood.py"));
            flooder.add(server.socket());
            String[] found = Program.run(flooder).output().trim().split(" ");
            assertThat(found).hasSize(3);
            assertThat(Integer.parseInt(found[0]))
                    .as("connections served of 70")
                    .isEqualTo(50);
            assertThat(Integer.parseInt(found[1])).as("messages begun of 3000").isBetween(2000, 2999);
            assertThat(found[2]).isEqualTo("451");
            assertThat(server.lmtp(Program.as(65533, 60), "mail uid-65533").output())
                    .isEqualTo("mail 250 2.1.0 ok\n");
            assertThat(server.lmtp(Program.as(5, 60), "mail games").output()).startsWith("mail ");
        }
    }
}
