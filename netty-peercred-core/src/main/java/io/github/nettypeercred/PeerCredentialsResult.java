// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.util.Optional;

/** What a capture came to: {@link UnixPeerCredentials}, or an {@link Absence} that says why there are none. */
public sealed interface PeerCredentialsResult permits UnixPeerCredentials, Absence {
    /**
     * Returns the credentials, empty if they are absent.
     *
     * @return the credentials
     */
    default Optional<UnixPeerCredentials> credentials() {
        return this instanceof UnixPeerCredentials present ? Optional.of(present) : Optional.empty();
    }

    /**
     * Returns why there are no credentials, empty if there are.
     *
     * @return the absence
     */
    default Optional<Absence> absence() {
        return this instanceof Absence absent ? Optional.of(absent) : Optional.empty();
    }

    /**
     * Returns the credentials.
     *
     * @return the credentials
     * @throws AbsentException if they are absent
     */
    default UnixPeerCredentials orElseThrow() {
        if (this instanceof UnixPeerCredentials present) {
            return present;
        }
        throw new AbsentException((Absence) this);
    }
}
