// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.process.ProcessFacts;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Connects to a socket and reports who listens there.
 *
 * @param path the socket's path
 * @param process whether to report what the process is now
 * @param report where to report
 */
record WhoListens(SocketPath path, boolean process, Report report) {
    void run() throws IOException, Failure, InterruptedException {
        path.requireSocket();
        try (ListenerConnection connection = ListenerConnection.open(path)) {
            PeerCredentialsResult result = connection.listener();
            if (result instanceof UnixPeerCredentials credentials) {
                report(credentials, connection.process());
            } else {
                report.absent(OptionalLong.empty(), result.absence().orElseThrow(), Verdict.NONE);
                throw path.failure("is served, but the kernel does not say by whom");
            }
        }
    }

    private void report(UnixPeerCredentials credentials, Answer<PeerProcess> answer) throws IOException, Failure {
        Liveness liveness = Liveness.of(answer);
        Optional<PeerProcess> handle = answer.value();
        Optional<ProcessFacts> facts =
                handle.map(open -> open.facts(Runnable::run).join());
        report.listener(path, Peer.named(credentials, facts, Names.ofThisSystem()), liveness);
        if (process) {
            if (handle.isEmpty()) {
                throw path.failure("there is no handle of the process that serves it: "
                        + answer.absence().orElseThrow());
            }
            report.process(handle.get().currentIds(), facts.orElseThrow());
        }
    }
}
