// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.process.PeerProcess;
import org.jspecify.annotations.Nullable;

/** Makes credentials out of a transport's answer. Only core implements it, and hands it to transports alone. */
public interface CredentialsFactory {
    /**
     * Makes credentials.
     *
     * @param uid the user id as an unsigned 32-bit number; -1, which is nobody's, gives an absence
     * @param gid the primary group id as an unsigned 32-bit number; -1 gives an absence
     * @param pid the process id; 0 or less if it is not visible in this pid namespace
     * @param mechanism what gave the ids
     * @param groups the supplementary groups, or null if not asked for
     * @param label the security label, or null if not asked for
     * @param process the process handle, whose ownership passes to the result, or null if not asked for
     * @return credentials, or an absence if the ids are nobody's
     */
    PeerCredentialsResult credentials(
            int uid,
            int gid,
            int pid,
            Mechanism mechanism,
            @Nullable Answer<SupplementaryGroups> groups,
            @Nullable Answer<String> label,
            @Nullable Answer<PeerProcess> process);
}
