// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.limits.OverLimit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.github.nettypeercred.authz.names.Names;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;

/** Serves a queue: of mail, or of jobs. */
public final class SubmissionServer {
    private SubmissionServer() {}

    /**
     * Serves until it is ended. In the folder are the socket, policy.toml and the entries; what is missing is made.
     *
     * @param arguments the folder, and for mail the domain of the users' addresses
     * @throws IOException if the folder cannot be used
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        Path policy = folder.resolve("policy.toml");
        Path entries = Files.createDirectories(folder.resolve("entries"));
        if (Files.notExists(policy)) {
            Files.copy(SubmissionServer.class.getResourceAsStream("policy.toml"), policy);
        }
        PeerLimits limits = PeerLimits.builder()
                .totalConnections(500)
                .connections(50)
                .messagesPerSecond(10, 2000, OverLimit.REFUSE)
                .bytesPerSecond(1 << 20, 1 << 25, OverLimit.SLOW)
                .holdReadsWhileUnwritable()
                .build();
        Names names = Names.builder(Executors.newFixedThreadPool(4)).build();
        Peers peers = new Peers(PeerAuthorization.builder(policy).build(), limits, names);
        new SubmissionQueue(entries, peers, new DefaultEventExecutorGroup(16))
                .serve(
                        folder.resolve("socket"),
                        new MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory()),
                        queue -> arguments.length > 1 ? new LmtpSession(queue, arguments[1]) : new JobSession(queue));
        System.out.println("serving " + folder.resolve("socket"));
    }
}
