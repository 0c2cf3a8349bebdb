// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.PeerCredentialsResult;
import io.netty.channel.Channel;

/**
 * How credentials are captured on the channels of one Netty transport. Implementations are found by {@link
 * java.util.ServiceLoader}, have no state of a channel and are called by many event loops at once.
 *
 * <p>Where the classes of its channels are missing, as those of io_uring are beside Netty 4.1, an implementation must fail
 * when it is made: it is then skipped. One that fails later fails every capture.
 */
public interface PeerCredentialsTransport {
    /**
     * Tells whether this transport captures on a channel, by its class alone.
     *
     * @param channel any channel
     * @return whether {@link #capture} may be called for it
     */
    boolean serves(Channel channel);

    /**
     * Captures, without blocking. Called on the channel's event loop, or on the accepting channel's before the channel is
     * registered, and only while the channel is open.
     *
     * @param channel a channel that this transport serves
     * @param request what to ask for beyond the ids
     * @param factory makes the result
     * @return what the factory made, or an absence
     */
    PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory);
}
