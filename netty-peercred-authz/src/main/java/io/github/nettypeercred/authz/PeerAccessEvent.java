// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.Objects;

/**
 * The user event that tells what a {@link PeerAuthorizationHandler} has decided. {@link Allowed} travels ahead of {@code
 * channelActive} and of all that was held; after {@link Denied} nothing follows, and the channel closes.
 */
public sealed interface PeerAccessEvent {
    /**
     * Returns what was decided.
     *
     * @return decision and grants
     */
    PeerAccess access();

    /**
     * The peer is let in: all that was held follows.
     *
     * @param access what it may do
     */
    record Allowed(PeerAccess access) implements PeerAccessEvent {
        /** Checks that nothing is null. */
        public Allowed {
            Objects.requireNonNull(access, "access");
        }
    }

    /**
     * The peer is refused, and the channel closes.
     *
     * @param access the denial
     */
    record Denied(PeerAccess access) implements PeerAccessEvent {
        /** Checks that nothing is null. */
        public Denied {
            Objects.requireNonNull(access, "access");
        }
    }

    /**
     * A peer that was let in has other grants from now on, or the same by another rule: on further evidence or by another policy.
     *
     * @param access what it may do now
     */
    record Changed(PeerAccess access) implements PeerAccessEvent {
        /** Checks that nothing is null. */
        public Changed {
            Objects.requireNonNull(access, "access");
        }
    }

    /**
     * A peer that was let in has lost its access by another policy or by its age, and the channel closes.
     *
     * @param access the denial
     */
    record Revoked(PeerAccess access) implements PeerAccessEvent {
        /** Checks that nothing is null. */
        public Revoked {
            Objects.requireNonNull(access, "access");
        }
    }
}
