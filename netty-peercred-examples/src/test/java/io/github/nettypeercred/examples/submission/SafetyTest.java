// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.examples.dbus.Program;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That what was acknowledged is in the queue, whatever becomes of the server. */
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SafetyTest {
    private static final int CLIENTS = 20;
    private static final int MESSAGES = 250;

    @BeforeEach
    void need() {
        Program.need("/usr/bin/python3", "python3");
        Program.needRoot();
    }

    @Test
    void killedServer_losesNothingOfWhatItAcknowledged() throws Exception {
        Path folder = Server.makeFolder();
        Server first = Server.start(folder, List.of(), "example.org");
        Map<Path, Process> clients = new TreeMap<>();
        try {
            for (int i = 0; i < CLIENTS; i++) {
                long uid = 4_000_000_000L + i % 5;
                List<String> command = new ArrayList<>(Program.as(uid, 60));
                command.addAll(Server.script("lmtp_load.py"));
                command.addAll(List.of(first.socket(), "uid-" + uid, "c" + i, Integer.toString(MESSAGES)));
                Path output = Files.createTempFile(folder, "client", ".out");
                clients.put(
                        output,
                        new ProcessBuilder(command)
                                .redirectOutput(output.toFile())
                                .redirectError(Redirect.appendTo(
                                        output.resolveSibling("reconnects").toFile()))
                                .start());
            }
            while (first.entries().size() < CLIENTS * MESSAGES / 3) {
                Thread.sleep(20);
            }
            first.kill();
            int storedByTheFirst = first.entries().size();
            int acknowledgedByTheFirst = lines(clients.keySet()).size();
            assertThat(acknowledgedByTheFirst).isBetween(1, storedByTheFirst);
            try (Server second = Server.start(folder, List.of(), "example.org")) {
                for (Process client : clients.values()) {
                    assertThat(client.waitFor(300, TimeUnit.SECONDS)).isTrue();
                    assertThat(client.exitValue()).isZero();
                }
                assertThat(lines(clients.keySet())).hasSize(CLIENTS * MESSAGES);
                assertThat(Files.readAllLines(folder.resolve("reconnects"))).containsOnly("2");
                TreeSet<String> stored = new TreeSet<>();
                for (Path entry : second.entries()) {
                    String text = Files.readString(entry, ISO_8859_1);
                    assertThat(text).endsWith("\r\n\r\n" + "x".repeat(60) + "\r\nend\r\n.\r\n");
                    stored.add(text.replaceAll("(?s).*\r\nSubject: ([^\r]*)\r\n.*", "$1"));
                }
                assertThat(stored).containsExactlyElementsOf(lines(clients.keySet()));
                System.out.println(CLIENTS * MESSAGES + " messages acknowledged, " + acknowledgedByTheFirst
                        + " of them by the server that was killed, which had stored " + storedByTheFirst + "; "
                        + second.entries().size() + " entries");
            }
        } finally {
            clients.values().forEach(Process::destroyForcibly);
            first.kill();
        }
    }

    private static Set<String> lines(Iterable<Path> files) throws Exception {
        TreeSet<String> all = new TreeSet<>();
        for (Path file : files) {
            all.addAll(Files.readAllLines(file));
        }
        return all;
    }

    @Test
    void message_isOnTheDisk_beforeItIsAcknowledged() throws Exception {
        Program.need("strace", "strace");
        Path folder = Server.makeFolder();
        Path trace = folder.resolve("trace");
        List<String> strace = List.of(
                "strace",
                "-f",
                "-y",
                "-s",
                "20",
                "-o",
                trace.toString(),
                "-e",
                "trace=openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg,writev");
        assumeTrue(Program.runs(List.of("strace", "-o", "/dev/null", "true")), "left out: strace may not trace here");
        try (Server server = Server.start(folder, strace, "example.org")) {
            Program run = server.lmtp(Program.as(5, 60), "sendmail games a@b From: games\\n\\nx");
            assertThat(run.output()).isEqualTo("sendmail {}\n");
            String id = server.entries().get(0).getFileName().toString();
            Path entries = server.entries().get(0).getParent();
            List<String> calls = new ArrayList<>();
            Map<String, String> unfinished = new TreeMap<>();
            for (String line : Files.readAllLines(trace, ISO_8859_1)) {
                String thread = line.replaceAll(" .*", "");
                String call = line.replaceAll("^[0-9]+ +", "")
                        .replaceAll("^<.* resumed>", unfinished.getOrDefault(thread, ""));
                if (call.contains("\"250 2.0.0 " + id.substring(0, 8))) {
                    calls.add("answer"); // when it begins, and the others when they have returned
                } else if (call.endsWith("<unfinished ...>")) {
                    unfinished.put(thread, Matcher.quoteReplacement(call.replace(" <unfinished ...>", "")));
                } else if (call.contains(id)
                        || call.contains("\"" + entries + "\"")
                        || call.contains("<" + entries + ">)")) {
                    calls.add(call.replaceAll("\\(.*", "")
                            + call.replaceAll(".*( = -?[0-9]+).*", "$1").replaceAll(" = [0-9]+", ""));
                }
            }
            assertThat(calls).containsExactly("openat", "write", "fsync", "rename", "openat", "fsync", "answer");
        }
    }
}
