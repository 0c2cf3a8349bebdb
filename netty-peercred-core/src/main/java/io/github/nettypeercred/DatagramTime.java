// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.DatagramFactory;
import io.netty.buffer.ByteBuf;
import io.netty.channel.unix.DomainSocketAddress;
import org.jspecify.annotations.Nullable;

/** Makes the datagrams of a channel that reads their senders' credentials itself. */
final class DatagramTime implements DatagramFactory {
    static final DatagramTime INSTANCE = new DatagramTime();

    private DatagramTime() {}

    @Override
    public AttestedDatagram datagram(
            ByteBuf content,
            DomainSocketAddress sender,
            DomainSocketAddress recipient,
            int originalLength,
            PeerCredentialsResult credentials) {
        return new AttestedDatagram(
                content, sender, recipient, credentials, originalLength, originalLength > content.readableBytes());
    }

    @Override
    public PeerCredentialsResult credentials(
            int uid,
            int gid,
            int pid,
            Mechanism mechanism,
            @Nullable Answer<SupplementaryGroups> groups,
            @Nullable Answer<String> label,
            @Nullable Answer<PeerProcess> process) {
        return MessageTime.DATAGRAM.credentials(uid, gid, pid, mechanism, groups, label, process);
    }
}
