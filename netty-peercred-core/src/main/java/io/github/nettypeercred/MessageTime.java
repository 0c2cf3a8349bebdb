// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CredentialsFactory;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes credentials out of what came with a message. Nothing in them is borrowed from the connection's set-up. */
final class MessageTime implements CredentialsFactory {
    static final MessageTime FIRST_READ = new MessageTime(Moment.FIRST_READ);
    static final MessageTime EVERY_READ = new MessageTime(Moment.EVERY_READ);
    static final MessageTime DATAGRAM = new MessageTime(Moment.DATAGRAM);

    private static final Answer<SupplementaryGroups> GROUPS = Answer.unknown(new Absence(
            AbsenceReason.UNSUPPORTED,
            "the kernel does not attest the groups of a message's sender: capture the connection too, with"
                    + " connectAndFirstRead()"));

    /** Of the mechanisms that go with messages, made beforehand, so that a capture allocates none. */
    private final Map<Mechanism, CredentialSource> sources = new EnumMap<>(Mechanism.class);

    private MessageTime(Moment moment) {
        put(Mechanism.SCM_CREDENTIALS, moment, Ids.SENDER_CHOSEN);
        put(Mechanism.SCM_CREDS, moment, Ids.EFFECTIVE);
        put(Mechanism.SCM_CREDS2, moment, Ids.EFFECTIVE);
    }

    private void put(Mechanism mechanism, Moment moment, Ids ids) {
        sources.put(mechanism, new CredentialSource(mechanism, moment, ids));
    }

    /** Lets go of a result that nobody gets: it may own a process handle. */
    static void discard(@Nullable PeerCredentialsResult result) {
        if (result instanceof UnixPeerCredentials credentials) {
            credentials.process().value().ifPresent(PeerProcess::close);
        }
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
        CredentialSource source = sources.get(mechanism);
        if (uid == -1 || gid == -1 || source == null) {
            if (process != null) {
                process.value().ifPresent(PeerProcess::close);
            }
            return new Absence(AbsenceReason.MALFORMED, mechanism + " names no sender of this message");
        }
        return new UnixPeerCredentials(
                uid,
                gid,
                pid,
                source,
                GROUPS,
                label == null ? NotRequested.SENDER_LABEL : label,
                process == null ? NotRequested.SENDER_PROCESS : process);
    }
}
