// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** Reads proc(5) about one process: finds the pid by the descriptor, reads, and asks the descriptor again. */
final class ProcFile {
    /** Linux limits a command line to a quarter of the stack limit, commonly 2 MiB; nobody reads that much. */
    private static final int COMMAND_LINE_LIMIT = 64 * 1024;

    /** Longer than any of the other files is. */
    private static final int TEXT_LIMIT = 1 << 20;

    /** USER_HZ is 100 on every architecture but Alpha and Itanium. */
    private static final int MILLIS_A_TICK = 10;

    private static final Path PROC = Path.of("/proc");

    private final PeerProcess process;

    ProcFile(PeerProcess process) {
        this.process = process;
    }

    ProcessFacts facts() {
        try {
            int pid = pid();
            ProcessFacts facts = facts(PROC.resolve(Integer.toString(pid)));
            // Still the same: so the process had not been waited for, and all of that was said under its pid about
            // itself.
            return pid() == pid ? facts : ProcessFacts.unknown(reaped().absence());
        } catch (AbsentException e) {
            return ProcessFacts.unknown(e.absence());
        }
    }

    private static ProcessFacts facts(Path directory) {
        Answer<String> cgroup = read(directory.resolve("cgroup"), file -> ProcText.cgroup(text(file)));
        return new ProcessFacts(
                read(directory.resolve("exe"), file -> Files.readSymbolicLink(file)
                        .toString()),
                read(directory.resolve("cmdline"), ProcFile::words),
                read(directory.resolve("stat"), file -> start(ProcText.startTicks(text(file)))),
                cgroup,
                cgroup instanceof Answer.Known<String> known ? unit(known.known()) : cgroup,
                read(directory.resolve("status"), file -> ProcText.capabilities(text(file))));
    }

    private static Answer<String> unit(String cgroup) {
        try {
            return Answer.known(ProcText.unit(cgroup));
        } catch (AbsentException e) {
            return Answer.unknown(e.absence());
        }
    }

    private static ProcessStart start(long ticks) throws IOException {
        String uptime = text(PROC.resolve("uptime"));
        Instant now = Instant.now();
        String seconds = uptime.split(" ", 2)[0].replace(".", "");
        long ticksUp = ProcText.number(seconds, 10, "../uptime");
        return new ProcessStart(ticks, now.minusMillis(Math.subtractExact(ticksUp, ticks) * MILLIS_A_TICK));
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(TEXT_LIMIT + 1);
            if (bytes.length > TEXT_LIMIT) {
                throw new AbsentException(
                        new Absence(AbsenceReason.TRUNCATED, file + " is longer than " + TEXT_LIMIT + " bytes"));
            }
            return new String(bytes, UTF_8);
        }
    }

    /** The pid that the descriptor stands for in the pid namespace of {@code /proc}. */
    private int pid() {
        List<String> lines;
        try {
            lines = process.withDescriptor(
                    pidfd -> Files.readAllLines(PROC.resolve("self/fdinfo").resolve(Integer.toString(pidfd))));
        } catch (IOException e) {
            throw new AbsentException(unavailable(e));
        }
        for (String line : lines) {
            if (line.startsWith("Pid:")) {
                int pid = Integer.parseInt(line.substring("Pid:".length()).trim());
                if (pid < 0) {
                    throw reaped();
                }
                if (pid == 0) {
                    throw new AbsentException(
                            new Absence(AbsenceReason.UNMAPPED, "the process is not in the pid namespace of /proc"));
                }
                return pid;
            }
        }
        throw new AbsentException(
                new Absence(AbsenceReason.MALFORMED, "/proc/self/fdinfo names no Pid for the process descriptor"));
    }

    private static <T> Answer<T> read(Path file, Reader<T> reader) {
        try {
            return Answer.known(reader.read(file));
        } catch (AbsentException e) {
            return Answer.unknown(e.absence());
        } catch (IOException | RuntimeException e) {
            return Answer.unknown(unavailable(e));
        }
    }

    private static List<String> words(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(COMMAND_LINE_LIMIT + 1);
        }
        if (bytes.length > COMMAND_LINE_LIMIT) {
            throw new AbsentException(new Absence(
                    AbsenceReason.TRUNCATED, "the command line is longer than " + COMMAND_LINE_LIMIT + " bytes"));
        }
        if (bytes.length == 0) {
            return List.of();
        }
        int length = bytes[bytes.length - 1] == 0 ? bytes.length - 1 : bytes.length;
        return List.of(new String(bytes, 0, length, UTF_8).split("\0", -1));
    }

    private static Absence unavailable(Exception e) {
        return new Absence(AbsenceReason.UNAVAILABLE, "cannot be read: " + e);
    }

    private static AbsentException reaped() {
        return new AbsentException(new Absence(AbsenceReason.REAPED, "the process has ended and has been waited for"));
    }

    @FunctionalInterface
    private interface Reader<T> {
        T read(Path file) throws IOException;
    }
}
