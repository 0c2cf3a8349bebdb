// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads the text of files of proc(5), in which a process shapes its own name. */
final class ProcText {
    /** Suffixes of units that hold processes: systemd.unit(5). */
    private static final List<String> UNIT_SUFFIXES = List.of(".service", ".scope", ".socket", ".mount", ".swap");

    private ProcText() {}

    /**
     * Field 22 of proc_pid_stat(5). The second field is the name of the process, in brackets, which may hold brackets, spaces and
     * newlines itself; only numbers come after it.
     */
    static long startTicks(String stat) {
        int name = stat.lastIndexOf(')');
        String[] fields = stat.substring(name + 1).trim().split(" ", -1);
        if (name < 0 || fields.length < 20) {
            throw malformed("stat");
        }
        return number(fields[19], 10, "stat");
    }

    /** The capability sets of proc_pid_status(5), where the kernel escapes the newlines of the name. */
    static ProcessCapabilities capabilities(String status) {
        return new ProcessCapabilities(
                capabilitySet(status, "CapInh"),
                capabilitySet(status, "CapPrm"),
                capabilitySet(status, "CapEff"),
                capabilitySet(status, "CapBnd"),
                capabilitySet(status, "CapAmb"));
    }

    private static long capabilitySet(String status, String name) {
        int at = status.indexOf('\n' + name + ":\t");
        if (at < 0) {
            throw malformed("status");
        }
        int from = at + name.length() + 3;
        int end = status.indexOf('\n', from);
        return number(status.substring(from, end < 0 ? status.length() : end), 16, "status");
    }

    /** The control group of systemd's hierarchy, else of version 2: cgroups(7). The kernel allows no newline in its path. */
    static String cgroup(String cgroups) {
        String unified = null;
        for (String line : cgroups.split("\n", -1)) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[1].equals("name=systemd")) {
                return parts[2];
            }
            if (parts.length == 3 && parts[0].equals("0") && parts[1].isEmpty()) {
                unified = parts[2];
            }
        }
        if (unified == null) {
            throw new AbsentException(new Absence(
                    AbsenceReason.UNAVAILABLE, "the process is in no control group of systemd or of version 2"));
        }
        return unified;
    }

    /**
     * The unit of a control group: the first component behind the slices. What a unit makes below itself, as a user's own systemd
     * does, has names of its choice and counts for nothing.
     */
    static String unit(String cgroup) {
        String unit = firstBelowSlices(cgroup);
        if (unit == null || unit.startsWith(".") || UNIT_SUFFIXES.stream().noneMatch(unit::endsWith)) {
            throw new AbsentException(
                    new Absence(AbsenceReason.UNAVAILABLE, "the control group belongs to no unit of systemd"));
        }
        // systemd puts an underscore in front of what would look like a file of the kernel's.
        return unit.startsWith("_") ? unit.substring(1) : unit;
    }

    private static @Nullable String firstBelowSlices(String cgroup) {
        for (String component : Objects.requireNonNull(cgroup).split("/", -1)) {
            if (!component.isEmpty() && !(component.endsWith(".slice") && component.length() > ".slice".length())) {
                return component;
            }
        }
        return null;
    }

    static long number(String digits, int radix, String file) {
        try {
            return Long.parseUnsignedLong(digits, radix);
        } catch (NumberFormatException e) {
            throw malformed(file);
        }
    }

    static AbsentException malformed(String file) {
        return new AbsentException(
                new Absence(AbsenceReason.MALFORMED, "/proc/PID/" + file + " does not have the form it should have"));
    }
}
