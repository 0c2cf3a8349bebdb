// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.PeerCredentialsResult;

/**
 * What a look at the next datagram of a channel saw.
 *
 * @param sender who sent it, or why that is not known
 * @param length how many bytes it has, 0 or more; {@link #NO_LENGTH} if the look met an error of the socket, of which the
 *     sender is the absence, and which no later call reports again
 */
public record PeekedDatagram(PeerCredentialsResult sender, int length) {
    /** The length where there is no datagram but an error. */
    public static final int NO_LENGTH = -1;
}
