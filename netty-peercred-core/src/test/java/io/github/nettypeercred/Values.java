// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.process.ProcessIds;
import io.github.nettypeercred.spi.ProcessCalls;
import java.util.ArrayList;
import java.util.List;

/** Values that several tests use. */
final class Values {
    static final CredentialSource SOURCE = new CredentialSource(Mechanism.SO_PEERCRED, Moment.CONNECT, Ids.EFFECTIVE);

    private Values() {}

    static UnixPeerCredentials peer(int uid) {
        return new UnixPeerCredentials(
                uid, 100, 1, SOURCE, NotRequested.GROUPS, NotRequested.LABEL, NotRequested.PROCESS);
    }

    /** System calls that only note which descriptors were closed. */
    static final class Calls implements ProcessCalls {
        final List<Integer> closed = new ArrayList<>();

        PeerProcess process(int pidfd) {
            return new PeerProcess(pidfd, this);
        }

        @Override
        public boolean hasExited(int pidfd) {
            return false;
        }

        @Override
        public Answer<ProcessIds> ids(int pidfd) {
            return Answer.unknown(new Absence(AbsenceReason.UNSUPPORTED, "a test"));
        }

        @Override
        public int duplicate(int pidfd) {
            return pidfd + 1000;
        }

        @Override
        public synchronized void close(int pidfd) {
            closed.add(pidfd);
        }
    }
}
