// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.PeerCredentialsResult;
import io.netty.buffer.ByteBuf;
import io.netty.channel.unix.DomainSocketAddress;

/** Makes datagrams of what a channel received. Only core implements it, and hands it to {@link AttestingDatagramChannel}s alone. */
public interface DatagramFactory extends CredentialsFactory {
    /**
     * Makes a datagram.
     *
     * @param content its bytes, as many as the channel had room for; their ownership passes to the datagram
     * @param sender the sender's address, with the path "" if it has none
     * @param recipient the address of the channel
     * @param originalLength how many bytes were sent
     * @param credentials who sent it, as this factory made it, or an absence; a process handle passes to the datagram
     * @return the datagram
     */
    AttestedDatagram datagram(
            ByteBuf content,
            DomainSocketAddress sender,
            DomainSocketAddress recipient,
            int originalLength,
            PeerCredentialsResult credentials);
}
