// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.netty.channel.Channel;
import io.netty.util.Attribute;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Captures what the kernel recorded when the connection was set up, and stores it on the channel. */
final class ConnectTime implements CredentialsFactory {
    static final ConnectTime CONNECT = new ConnectTime(Moment.CONNECT);
    static final ConnectTime LISTEN = new ConnectTime(Moment.LISTEN);
    static final ConnectTime SETUP = new ConnectTime(Moment.SETUP);

    /** Made beforehand, so that a capture allocates none. */
    private final Map<Mechanism, CredentialSource> sources = new EnumMap<>(Mechanism.class);

    private ConnectTime(Moment moment) {
        for (Mechanism mechanism : Mechanism.values()) {
            sources.put(mechanism, new CredentialSource(mechanism, moment, Ids.EFFECTIVE));
        }
    }

    /**
     * Returns what the channel has already, if that covers the request, or else captures it and stores it, present or
     * absent. Runs on the channel's event loop, or on its acceptor's before it is registered.
     */
    PeerCredentialsResult capture(Channel channel, CaptureRequest request) {
        CaptureRequest wanted = request;
        Attribute<Object> attribute = StoredResult.attribute(channel);
        StoredResult stored = StoredResult.bound(channel, attribute);
        if (stored != null && stored.setup() instanceof UnixPeerCredentials present) {
            wanted = request.plus(present.request());
            if (wanted.equals(present.request())) {
                return present;
            }
        }
        PeerCredentialsResult result = Transports.capture(channel, wanted, this);
        if (wanted.process() && result instanceof UnixPeerCredentials present) {
            present.process().value().ifPresent(process -> channel.closeFuture()
                    .addListener(closed -> process.close()));
        }
        if (!channel.isOpen()) {
            // Another event loop, to which the channel moved meanwhile, closed it: the descriptor may be another's by
            // now.
            result = Transports.CLOSED;
        }
        attribute.set(new StoredResult(channel, result, stored == null ? null : stored.read()));
        return result;
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
        if (uid == -1 || gid == -1) {
            if (process != null) {
                process.value().ifPresent(PeerProcess::close);
            }
            return new Absence(AbsenceReason.NOT_CONNECTED, mechanism + " knows no peer of this socket");
        }
        return new UnixPeerCredentials(
                uid,
                gid,
                pid,
                Objects.requireNonNull(sources.get(mechanism)),
                groups == null ? NotRequested.GROUPS : groups,
                label == null ? NotRequested.LABEL : label,
                process == null ? NotRequested.PROCESS : process);
    }
}
