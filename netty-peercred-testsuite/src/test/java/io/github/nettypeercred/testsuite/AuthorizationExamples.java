// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.SupposedPeer;
import io.github.nettypeercred.authz.AuthorizedMessage;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerAuthorizer;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.PolicyTable;
import io.github.nettypeercred.authz.names.Names;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/** The Java of docs/authorization.md, which shows these lines. */
final class AuthorizationExamples {
    private AuthorizationExamples() {}

    static PeerPolicy policy() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("masters", rule -> rule.root().server().grants("submit", "send-as-anyone", "read-all"))
                .allow("operators", rule -> rule.userRange(1000, 59999)
                        .group("adm")
                        .group(27)
                        .grants("submit", "send-as-anyone"))
                .deny("suspended", rule -> rule.user(1003))
                .allow("users", rule -> rule.userRange(1000, 59999).grants("submit"))
                .build();
        return policy;
    }

    static PeerAuthorization server(Executor blocking, ScheduledExecutorService watcher) {
        PeerAuthorization authorization = PeerAuthorization.builder(Path.of("/etc/example/peers.toml"))
                .names(Names.builder(blocking).build()) // for max-age
                .processFacts(blocking) // for executable, command-line and unit
                .decideAgain() // open connections, when the file changes
                .build();
        authorization.watch(watcher, Duration.ofSeconds(5));
        return authorization;
    }

    static void pipeline(Channel channel, PeerAuthorization authorization, ChannelHandler application) {
        channel.pipeline()
                .addLast(PeerCredentialsHandler.builder().groups().process().build());
        channel.pipeline().addLast(new PeerAuthorizationHandler(authorization));
        channel.pipeline().addLast(application);
    }

    static PeerAuthorizationHandler farewell(PeerAuthorization authorization) {
        PeerAuthorizationHandler handler = PeerAuthorizationHandler.builder(authorization)
                .farewell(why -> Unpooled.copiedBuffer("500 you may not\n", UTF_8))
                .build();
        return handler;
    }

    static void sharedStreams(ServerBootstrap bootstrap, Channel channel, PeerAuthorization authorization) {
        bootstrap.handler(PeerCredentialsAcceptHandler.builder().firstRead().build());
        channel.pipeline()
                .addLast(
                        new PeerCredentialsHandler(),
                        EveryReadHandler.builder().allowSenderChange().build(),
                        AttestedDecoder.builder()
                                .decoder(() -> new LineBasedFrameDecoder(1024))
                                .build(),
                        new PeerAuthorizationHandler(authorization));
    }

    static void submit(ChannelHandlerContext ctx, AuthorizedMessage authorized) {
        if (authorized.access().has("submit")) {
            ctx.fireChannelRead(((AttestedMessage) authorized.message()).message());
        }
    }

    static void atAccept(ServerBootstrap bootstrap, PeerAuthorization authorization) {
        bootstrap.handler(PeerCredentialsAcceptHandler.builder()
                .allowIf(authorization.acceptPredicate())
                .build());
    }

    static void client(Channel channel, ChannelHandler application) {
        PeerPolicy servers = PeerPolicy.builder()
                .allow("daemon", rule -> rule.user("nobody"))
                .build();
        channel.pipeline()
                .addLast(new PeerCredentialsHandler(), PeerAuthorizationHandler.requireServer(servers), application);
    }

    static PeerAuthorization directory(PeerAuthorizer directory) {
        PeerAuthorization authorization = PeerAuthorization.builder(directory).build();
        return authorization;
    }

    static PeerAuthorization trial(Path file, PeerPolicy candidate) {
        PeerAuthorization authorization =
                PeerAuthorization.builder(file).candidate(candidate).build();
        return authorization;
    }

    static void explain(PeerPolicy policy) {
        PolicyTable.of(policy).forEach(System.out::println);
        System.out.println(policy.explain(
                PeerEvidence.of(SupposedPeer.of(1000, 100).groups(27).credentials())));
    }
}
