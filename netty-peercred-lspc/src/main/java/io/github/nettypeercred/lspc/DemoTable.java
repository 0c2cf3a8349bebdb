// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The demo's table: for each child what the kernel told the server, and below it what the child is. */
final class DemoTable {
    private final Output out;

    DemoTable(Output out) {
        this.out = out;
    }

    void head() throws IOException {
        out.line(row("", "uid", "gid", "pid", "supplementary groups"));
    }

    /** Shows a pair of rows and tells whether they say the same. */
    boolean compare(PeerCredentialsResult captured, ProcessStatus expected) throws IOException {
        boolean equal = false;
        if (captured instanceof UnixPeerCredentials peer) {
            Set<Long> groups = peer.groups().value().map(DemoTable::set).orElse(Set.of());
            equal = peer.uid() == expected.uid()
                    && peer.gid() == expected.gid()
                    && peer.pid().isPresent()
                    && peer.pid().getAsInt() == expected.pid()
                    && peer.groups().value().isPresent()
                    && groups.equals(expected.groups());
            out.line(row(
                    "SO_PEERCRED",
                    peer.uid(),
                    peer.gid(),
                    peer.pid().isPresent() ? peer.pid().getAsInt() : "unknown",
                    peer.groups().value().isPresent() ? words(groups) : "unknown"));
        } else {
            out.line(row("SO_PEERCRED", "absent", "absent", "absent", Printable.of(captured.toString())));
        }
        out.line(row(
                equal ? "/proc says the same" : "/proc DIFFERS",
                expected.uid(),
                expected.gid(),
                expected.pid(),
                words(expected.groups())));
        return equal;
    }

    private static Set<Long> set(SupplementaryGroups groups) {
        return groups.stream().boxed().collect(Collectors.toCollection(TreeSet::new));
    }

    private static String words(Set<Long> groups) {
        return groups.isEmpty() ? "none" : groups.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }

    private static String row(String name, Object... cells) {
        return String.format("%-20s %-11s %-11s %-9s %s", name, cells[0], cells[1], cells[2], cells[3]);
    }
}
