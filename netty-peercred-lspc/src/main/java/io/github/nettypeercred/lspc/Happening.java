// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.process.ProcessFacts;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Something that {@code lspc listen} reports. */
sealed interface Happening {
    /** Returns the number of the connection: 1 for the first that was accepted. */
    long connection();

    /**
     * A peer was captured, or was not.
     *
     * @param connection the number of its connection
     * @param evidence who it is, or why that is not known, and what else was captured
     * @param facts what /proc says of its process, empty if there is no handle to ask by
     */
    record Captured(long connection, PeerEvidence evidence, CompletableFuture<Optional<ProcessFacts>> facts)
            implements Happening {}

    /**
     * Bytes came, and with them who sent them.
     *
     * @param connection the number of the connection; 1 for every datagram
     * @param bytes how many were sent
     * @param evidence who sent them, or why that is not known, and what else was captured
     */
    record Data(long connection, int bytes, PeerEvidence evidence) implements Happening {}

    /**
     * A connection was closed, by whichever side.
     *
     * @param connection its number
     */
    record Closed(long connection) implements Happening {}
}
