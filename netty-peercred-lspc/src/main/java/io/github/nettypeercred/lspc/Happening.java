// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsResult;
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
     * @param result who it is, or why that is not known
     * @param facts what /proc says of its process, empty if there is no handle to ask by
     */
    record Captured(long connection, PeerCredentialsResult result, CompletableFuture<Optional<ProcessFacts>> facts)
            implements Happening {}

    /**
     * A connection was closed, by whichever side.
     *
     * @param connection its number
     */
    record Closed(long connection) implements Happening {}
}
