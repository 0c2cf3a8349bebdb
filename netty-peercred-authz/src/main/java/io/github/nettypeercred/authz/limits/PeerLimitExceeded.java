// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import java.util.Objects;

/**
 * The user event that a handler of {@link PeerLimits} fires before it closes a connection.
 *
 * @param limit which limit
 */
public record PeerLimitExceeded(Limit limit) {
    /** Checks that nothing is null. */
    public PeerLimitExceeded {
        Objects.requireNonNull(limit, "limit");
    }
}
