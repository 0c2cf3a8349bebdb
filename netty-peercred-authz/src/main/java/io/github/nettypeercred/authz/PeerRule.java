// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * One rule of a policy, for people to read.
 *
 * @param name its name
 * @param allows whether it lets peers in, rather than refuse them
 * @param conditions what must all hold, in words, each name with its id
 * @param senderMayDiffer whether who sends may be another than who connected
 * @param grants what it permits
 */
public record PeerRule(
        String name, boolean allows, List<String> conditions, boolean senderMayDiffer, Set<String> grants) {
    /** Copies lists and sets. */
    public PeerRule {
        Objects.requireNonNull(name, "name");
        conditions = List.copyOf(conditions);
        grants = Set.copyOf(grants);
    }
}
