// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which system calls a connection costs with our handlers beyond those of Netty, counted by strace(1). */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SystemCallsTest {
    private static final int MESSAGES = 20;

    @BeforeAll
    static void strace() throws Exception {
        boolean works;
        try {
            Process process = new ProcessBuilder("strace", "-o", "/dev/null", "true").start();
            works = process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            works = false;
        }
        assumeTrue(works, "left out: strace is not installed, or may not trace (Debian: apt-get install strace)");
    }

    /** The trace of one connection that sends so many messages, each when the one before has been read. */
    private static List<String> trace(String transport, String mode, int bytesARead, String message, int messages)
            throws Exception {
        Path path = TestServer.newPath();
        Path trace = Files.createTempFile("strace", ".txt");
        List<String> command = List.of(
                "strace",
                "-f",
                "-qq",
                "-o",
                trace.toString(),
                "-e",
                "trace=setsockopt,recvmsg,epoll_ctl",
                "-e",
                "signal=none",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                CountedServer.class.getName(),
                transport,
                path.toString(),
                mode,
                Integer.toString(bytesARead));
        String[] script = new String[2 + 3 * messages];
        script[0] = "connect";
        script[1] = path.toString();
        for (int i = 0; i < messages; i++) {
            script[2 + 3 * i] = "write";
            script[3 + 3 * i] = message;
            script[4 + 3 * i] = "await";
        }
        try (Peer server = Peer.startProgram(command)) {
            assertThat(server.line()).isEqualTo("ready");
            long before = Files.readAllLines(trace).size();
            int readsAMessage = (message.length() + bytesARead - 1) / bytesARead;
            try (Peer peer = Peer.start(script)) {
                for (int i = 1; i <= messages; i++) {
                    // What has been read is complete, and then it is only known whether there is more.
                    for (String line = server.line(); !line.equals(i * readsAMessage + " reads"); ) {
                        line = server.line();
                    }
                    Thread.sleep(20);
                    if (i < messages) {
                        peer.go();
                    }
                }
                Thread.sleep(100);
                return Files.readAllLines(trace).stream().skip(before).toList();
            }
        } finally {
            Files.delete(trace);
        }
    }

    private static long count(List<String> trace, Predicate<String> which) {
        return trace.stream().filter(which).count();
    }

    private static boolean isLook(String line) {
        return line.contains("recvmsg(") && line.contains("MSG_PEEK");
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring"})
    void firstRead_costsTwoOptionsAndAtMostTwoLooks(String transport) throws Exception {
        List<String> trace = trace(transport, "first-read", 100, "x", MESSAGES);
        assertThat(count(trace, line -> line.contains("SO_PASSCRED"))).isEqualTo(2);
        assertThat(count(trace, SystemCallsTest::isLook)).isBetween(1L, 2L);
        System.out.printf(
                "%s, first read of %d: %d setsockopt, %d looks%n",
                transport,
                MESSAGES,
                count(trace, line -> line.contains("SO_PASSCRED")),
                count(trace, SystemCallsTest::isLook));
    }

    /** Messages of one read and of five, of which a burst is then. */
    @ParameterizedTest
    @CsvSource({"epoll, 1", "epoll, 5", "io_uring, 1", "io_uring, 5"})
    void everyRead_costsALookARead_andOneABurst(String transport, int readsAMessage) throws Exception {
        List<String> trace = trace(transport, "every-read", 1, "x".repeat(readsAMessage), MESSAGES);
        long looks = count(trace, SystemCallsTest::isLook);
        System.out.printf("%s, %d bursts of %d reads: %d looks%n", transport, MESSAGES, readsAMessage, looks);
        assertThat(looks).isBetween((long) MESSAGES * readsAMessage, (long) MESSAGES * (readsAMessage + 1));
        assertThat(count(trace, line -> line.contains("SO_PASSCRED"))).isEqualTo(1);
    }

    /** A read that does not fill its buffer has drained the stream, unless another has sent: no look is needed to say so. */
    @Test
    void everyRead_thatFillsNoBuffer_costsOneLook_onEpoll() throws Exception {
        List<String> trace = trace("epoll", "every-read", 100, "x", MESSAGES);
        assertThat(count(trace, SystemCallsTest::isLook)).isEqualTo(MESSAGES);
    }

    @Test
    void noHandlerOfReads_costsNone() throws Exception {
        List<String> trace = trace("epoll", "connect", 100, "x", MESSAGES);
        assertThat(count(trace, SystemCallsTest::isLook)).isZero();
        assertThat(count(trace, line -> line.contains("SO_PASSCRED"))).isZero();
    }

    /** No registration: as many as with a handler that captures at connect. */
    @Test
    void registrations_areNettysOwn() throws Exception {
        long plain = count(trace("epoll", "connect", 100, "x", 3), line -> line.contains("epoll_ctl("));
        for (String mode : List.of("first-read", "every-read")) {
            assertThat(count(trace("epoll", mode, 100, "x", 3), line -> line.contains("epoll_ctl(")))
                    .as(mode)
                    .isEqualTo(plain);
        }
    }
}
