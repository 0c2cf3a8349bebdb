// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.ProcessFacts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A peer as it is shown: what the kernel attested, the names of its ids, and what was derived about its process.
 *
 * @param credentials the kernel's word
 * @param user the name of its user, if it has one
 * @param group the name of its primary group, if it has one
 * @param groupNames the names of supplementary groups that were looked up and have one
 * @param facts what /proc said of its process, if there was a handle to ask by
 */
record Peer(
        UnixPeerCredentials credentials,
        Optional<String> user,
        Optional<String> group,
        Map<Long, String> groupNames,
        Optional<ProcessFacts> facts) {
    /** A process may have 65536 groups, and each look-up may be a question to a directory server. */
    private static final int NAMED_GROUPS = 64;

    /** Looks names up, which may block. */
    static Peer named(UnixPeerCredentials credentials, Optional<ProcessFacts> facts, Names names) {
        return new Peer(
                credentials,
                names.user(credentials.uid()),
                names.group(credentials.gid()),
                credentials
                        .groups()
                        .value()
                        .map(groups -> groupNames(groups, names))
                        .orElse(Map.of()),
                facts);
    }

    private static Map<Long, String> groupNames(SupplementaryGroups groups, Names names) {
        Map<Long, String> found = new TreeMap<>();
        groups.stream().limit(NAMED_GROUPS).forEach(gid -> names.group(gid).ifPresent(name -> found.put(gid, name)));
        return found;
    }

    /** Returns the target of /proc/PID/exe, if known. */
    Optional<String> executable() {
        return facts.flatMap(known -> known.executable().value());
    }

    /** Returns the words of /proc/PID/cmdline, if known. A process that is ending has none any more. */
    Optional<List<String>> commandLine() {
        return facts.flatMap(known -> known.commandLine().value()).filter(words -> !words.isEmpty());
    }
}
