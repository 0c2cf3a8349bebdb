// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.reactor;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.netty.channel.Channel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** An HTTP server that tells each client who it is, and has a page for operators. */
public final class ReactorServer {
    private ReactorServer() {}

    /**
     * Serves until it is ended: everybody but {@code lp}, and operators on {@code /admin} too.
     *
     * @param arguments the path of the socket
     * @throws IOException if the socket cannot be opened to all users
     */
    public static void main(String[] arguments) throws IOException {
        PeerAuthorization authorization = PeerAuthorization.of(PeerPolicy.builder()
                .deny("not the printer", rule -> rule.user("lp"))
                .allow("operators", rule -> rule.user("root", "daemon").grants("admin"))
                .allow("everybody", rule -> rule.anyUser())
                .build());
        start(Path.of(arguments[0]), authorization).onDispose().block();
    }

    /** Serves HTTP/1.1, and HTTP/2 without TLS. */
    static DisposableServer start(Path socket, PeerAuthorization authorization) throws IOException {
        Files.deleteIfExists(socket); // of an earlier run
        DisposableServer server = HttpServer.create()
                .bindAddress(() -> new DomainSocketAddress(socket.toFile()))
                .doOnChannelInit((observer, channel, address) -> channel.pipeline()
                        .addFirst(new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization)))
                .protocol(HttpProtocol.HTTP11, HttpProtocol.H2C)
                .route(routes -> routes.get("/", ReactorServer::whoAmI).get("/admin", ReactorServer::admin))
                .bindNow();
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        return server;
    }

    private static Publisher<Void> whoAmI(HttpServerRequest request, HttpServerResponse response) {
        Channel channel = channel(request);
        UnixPeerCredentials peer = UnixPeerCredentials.of(channel).orElseThrow();
        TreeSet<String> grants = new TreeSet<>(PeerAccess.of(channel).grants());
        return response.sendString(Mono.just("uid=" + peer.uid() + " gid=" + peer.gid() + " pid="
                + peer.pid().orElseThrow() + ", may " + grants + "\n"));
    }

    private static Publisher<Void> admin(HttpServerRequest request, HttpServerResponse response) {
        return PeerAccess.of(channel(request)).has("admin")
                ? response.sendString(Mono.just("done\n"))
                : response.status(HttpResponseStatus.FORBIDDEN).sendString(Mono.just("not yours\n"));
    }

    /** The connection, or with HTTP/2 the stream, whose parent it is. */
    private static Channel channel(HttpServerRequest request) {
        AtomicReference<Channel> channel = new AtomicReference<>();
        request.withConnection(connection -> channel.set(connection.channel()));
        return Objects.requireNonNull(channel.get());
    }
}
