// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.UnixPeerCredentials;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * The child of the demo that is not to be let in.
 *
 * @param child the process
 * @param rule whom the server denies, in words
 * @param denied the same as a predicate
 */
record Intruder(DemoChild child, String rule, Predicate<UnixPeerCredentials> denied) {
    /** Denies a user, which only this child runs under. */
    static Intruder byUid(DemoChild child, long uid) {
        return new Intruder(child, "uid " + uid, peer -> peer.uid() == uid);
    }

    /** Denies this one process, where all children run under one user. */
    static Intruder byPid(DemoChild child) {
        OptionalInt pid = OptionalInt.of(Math.toIntExact(child.pid()));
        return new Intruder(child, "pid " + child.pid(), peer -> peer.pid().equals(pid));
    }
}
