// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The identity that a child process of the demo is given.
 *
 * @param uid its user id
 * @param gid its primary group id
 * @param groups its supplementary groups
 */
record DemoIdentity(long uid, long gid, Set<Long> groups) {
    /** Some that go wrong where ids are taken for signed, where 65534 is taken for nobody, or 0 for unknown. */
    static final List<DemoIdentity> SEVERAL = List.of(
            new DemoIdentity(0, 0, Set.of()),
            new DemoIdentity(1000, 1000, Set.of(27L, 100L)),
            new DemoIdentity(65534, 65534, Set.of()),
            new DemoIdentity(2147483648L, 2147483648L, Set.of(4294967290L)),
            new DemoIdentity(4294967290L, 4294967290L, Set.of(0L, 1000L, 2147483648L)));

    static final DemoIdentity INTRUDER = new DemoIdentity(1001, 1001, Set.of(100L));

    /** Returns setpriv(1) with the arguments that give a command this identity. */
    List<String> setpriv() {
        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=" + uid, "--regid=" + gid));
        command.add(
                groups.isEmpty()
                        ? "--clear-groups"
                        : "--groups=" + groups.stream().map(String::valueOf).collect(Collectors.joining(",")));
        return command;
    }
}
