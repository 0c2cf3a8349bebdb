// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.process.ProcessFacts;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A connection that was accepted.
 *
 * @param result who connected, or why that is not known
 * @param facts what /proc says of the peer's process, empty if there is no handle to ask by
 */
record Arrival(PeerCredentialsResult result, CompletableFuture<Optional<ProcessFacts>> facts) {}
