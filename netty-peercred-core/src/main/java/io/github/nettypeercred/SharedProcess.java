// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.process.PeerProcess;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import org.jspecify.annotations.Nullable;

/** A process handle that came with a message: it closes when the last of those who share it lets go. */
final class SharedProcess extends AbstractReferenceCounted {
    private final PeerProcess process;

    private SharedProcess(PeerProcess process) {
        this.process = process;
    }

    /** Takes over the handle in what a look saw; null if there is none. */
    static @Nullable SharedProcess of(PeerCredentialsResult seen) {
        PeerProcess process = seen instanceof UnixPeerCredentials sender
                ? sender.process().value().orElse(null)
                : null;
        return process == null ? null : new SharedProcess(process);
    }

    @Override
    public ReferenceCounted touch(Object hint) {
        return this;
    }

    @Override
    protected void deallocate() {
        process.close();
    }
}
