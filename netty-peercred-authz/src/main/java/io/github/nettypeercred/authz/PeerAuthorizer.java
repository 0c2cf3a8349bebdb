// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;

/** Decides about peers in a way of its own, by asking a directory for one. */
@FunctionalInterface
public interface PeerAuthorizer {
    /**
     * Decides about a peer. Called on the channel's event loop, so it must not block; what it throws, a future that fails and one that
     * is too late all deny.
     *
     * @param evidence what is known of the peer, never nothing at all
     * @param executor the channel's event loop, to make promises on
     * @return the decision, at once or later, completed on any thread
     */
    Future<PeerDecision> authorize(PeerEvidence evidence, EventExecutor executor);
}
