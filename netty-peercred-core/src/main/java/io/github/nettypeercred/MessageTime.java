// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.spi.CredentialsFactory;
import org.jspecify.annotations.Nullable;

/** Makes credentials out of what came with a message. Nothing in them is borrowed from the connection's set-up. */
final class MessageTime implements CredentialsFactory {
    static final MessageTime FIRST_READ = new MessageTime();

    private static final CredentialSource SOURCE =
            new CredentialSource(Mechanism.SCM_CREDENTIALS, Moment.FIRST_READ, Ids.SENDER_CHOSEN);
    private static final Answer<SupplementaryGroups> GROUPS = notAttested("groups");
    private static final Answer<String> LABEL = notAttested("label");
    private static final Answer<PeerProcess> PROCESS = notAttested("process handle");

    private MessageTime() {}

    private static <T> Answer<T> notAttested(String what) {
        return Answer.unknown(new Absence(
                AbsenceReason.UNSUPPORTED,
                "the kernel does not attest the " + what
                        + " of a message's sender: capture the connection too, with connectAndFirstRead()"));
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
        if (uid == -1 || gid == -1 || mechanism != Mechanism.SCM_CREDENTIALS) {
            return new Absence(AbsenceReason.MALFORMED, mechanism + " names no sender of this message");
        }
        return new UnixPeerCredentials(uid, gid, pid, SOURCE, GROUPS, LABEL, PROCESS);
    }
}
