// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.examples.dbus.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That a disk which takes no more gets no fuller. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskTest {
    private static final List<String> GAMES = Program.as(5, 60);
    private static final List<String> LARGE = List.of("mail games", "rcpt a@b", "raw 1 DATA\\r\\n", "large 1000000");

    @BeforeEach
    void need() {
        Program.need("/usr/bin/python3", "python3");
        Program.needRoot();
    }

    /** A write fails in the middle of a message. */
    @Test
    void messageThatCannotBeWritten_leavesNothingBehind() throws Exception {
        Program.need("prlimit", "util-linux");
        Path folder = Server.makeFolder();
        try (Server server = Server.start(folder, List.of("prlimit", "--fsize=524288"), "example.org")) {
            Program run = server.lmtp(GAMES, LARGE.toArray(new String[0]));
            assertThat(run.output()).endsWith("raw 354 go on\nlarge 451 4.3.0 not now <a@b>\n");
            assertThat(server.lmtp(GAMES, "sendmail games a@b From: games\\n\\nx")
                            .output())
                    .isEqualTo("sendmail {}\n");
            try (Stream<Path> all = Files.list(folder.resolve("entries"))) {
                assertThat(all).hasSize(1);
            }
        }
    }

    /** On a file system of 66 MiB, in a mount namespace. */
    @Test
    void diskThatIsAsGoodAsFull_takesNoMessage() throws Exception {
        List<String> command =
                List.of("unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=66m tmpfs \"$0\" && exec \"$@\"");
        Path folder = Server.makeFolder();
        List<String> prefix = new ArrayList<>(command);
        prefix.add(Files.createDirectory(folder.resolve("entries")).toString());
        List<String> trial = new ArrayList<>(prefix);
        trial.add("true");
        assumeTrue(Program.runs(trial), "left out: no mount namespace can be made here");
        try (Server server = Server.start(folder, prefix, "example.org")) {
            List<String> steps = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                steps.addAll(LARGE);
            }
            Program run = server.lmtp(GAMES, steps.toArray(new String[0]));
            assertThat(run.output())
                    .contains("\nlarge 250 2.0.0 ")
                    .endsWith("\nlarge 452 4.3.1 the disk is full <a@b>\n");
        }
    }
}
