// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import org.jspecify.annotations.Nullable;

/** What is captured of a peer besides its ids. */
record Capturing(boolean groups, boolean label, boolean process) {
    static final Capturing IDS = new Capturing(false, false, false);

    /** The same, and what a policy asks for, if there is one. */
    Capturing and(@Nullable PeerPolicy policy) {
        return policy == null
                ? this
                : new Capturing(
                        groups || policy.needsGroups(), label || policy.needsLabel(), process || policy.needsProcess());
    }

    PeerCredentialsHandler handler() {
        PeerCredentialsHandler.Builder handler = PeerCredentialsHandler.builder();
        if (groups) {
            handler.groups();
        }
        if (label) {
            handler.label();
        }
        if (process) {
            handler.process();
        }
        return handler.build();
    }

    /** A handler for the accepting side, where no process can be captured. */
    PeerCredentialsAcceptHandler acceptHandler() {
        PeerCredentialsAcceptHandler.Builder handler = PeerCredentialsAcceptHandler.builder();
        if (groups) {
            handler.groups();
        }
        if (label) {
            handler.label();
        }
        return handler.build();
    }
}
