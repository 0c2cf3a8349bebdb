// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.Absence;
import io.netty.channel.unix.DomainDatagramChannel;
import org.jspecify.annotations.Nullable;

/** A channel that reads each datagram together with its sender's credentials. It must not read before {@link #attest}. */
public interface AttestingDatagramChannel extends DomainDatagramChannel {
    /**
     * Has the channel deliver attested datagrams. Called on its event loop, before it reads.
     *
     * @param request what to ask for beyond the ids: the sender's label and process; groups come with no message
     * @param factory makes the datagrams and their credentials
     * @return null if it does, else why it cannot
     */
    @Nullable
    Absence attest(CaptureRequest request, DatagramFactory factory);
}
