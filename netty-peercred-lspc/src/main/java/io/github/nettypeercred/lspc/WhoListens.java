// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import java.io.IOException;
import java.util.OptionalLong;

/** Connects to a socket and reports who listens there. */
final class WhoListens {
    private final SocketPath path;
    private final Report report;

    WhoListens(SocketPath path, Report report) {
        this.path = path;
        this.report = report;
    }

    void run() throws IOException, Failure, InterruptedException {
        path.requireSocket();
        try (ListenerConnection connection = ListenerConnection.open(path)) {
            PeerCredentialsResult result = connection.listener();
            if (result instanceof UnixPeerCredentials credentials) {
                report(credentials);
            } else {
                report.absent(OptionalLong.empty(), result.absence().orElseThrow());
                throw path.failure("is served, but the kernel does not say by whom");
            }
        }
    }

    private void report(UnixPeerCredentials credentials) throws IOException {
        Liveness liveness = Liveness.of(credentials.process());
        Peer listener = Peer.named(
                credentials,
                credentials.process().value().map(process -> process.facts(Runnable::run)
                        .join()),
                Names.ofThisSystem());
        report.listener(path, listener, liveness);
    }
}
