// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.io.Serial;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A write failed because its channel's peer is not authorized: nothing was decided yet, or it was denied. */
public final class PeerUnauthorizedException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient @Nullable PeerDecision decision;

    PeerUnauthorizedException(PeerDecision decision, String message) {
        super(message + decision, null, false, false);
        this.decision = Objects.requireNonNull(decision, "decision");
    }

    /**
     * Returns the denial: of {@link PeerDecision.Reason#NOT_DECIDED} if nothing had been decided yet.
     *
     * @return the denial; null after serialization
     */
    public @Nullable PeerDecision decision() {
        return decision;
    }
}
