// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.vertx;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.examples.http.AdminPolicy;
import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.transport.Transport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/** Serves HTTP/1.1 and HTTP/2 on a Unix domain socket, with Vert.x. */
public final class AdminServer {
    private AdminServer() {}

    /**
     * Serves until it is ended.
     *
     * @param arguments the path of the socket and, to replace the policy of the example, a policy file
     * @throws IOException if the socket cannot be opened to all users
     */
    public static void main(String[] arguments) throws IOException {
        PeerAuthorization authorization = AdminPolicy.authorization(arguments);
        Path path = Path.of(arguments[0]);
        Files.deleteIfExists(path);
        start(vertx(authorization), path, authorization).await();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        System.out.println("serving " + path);
    }

    static Vertx vertx(PeerAuthorization authorization) {
        return Vertx.builder()
                .withTransport(new GuardedTransport(Transport.EPOLL, authorization))
                .build();
    }

    static Future<HttpServer> start(Vertx vertx, Path path, PeerAuthorization authorization) {
        Handler<HttpServerRequest> admin = requireGrant(
                authorization, "admin", request -> request.response().end("welcome\n"));
        return vertx.createHttpServer()
                .requestHandler(request -> {
                    switch (Objects.requireNonNullElse(request.path(), "")) {
                        case "/" -> request.response().end("you are " + peer(request) + "\n");
                        case "/admin" -> admin.handle(request);
                        default -> request.response().setStatusCode(404).end("there is / and /admin\n");
                    }
                })
                .listen(SocketAddress.domainSocketAddress(path.toString()));
    }

    /** Has requests handled of peers alone that have a grant; others get 403. */
    static Handler<HttpServerRequest> requireGrant(
            PeerAuthorization authorization, String grant, Handler<HttpServerRequest> handler) {
        return request -> {
            if (authorization.permits(channel(request), grant, request.method() + " " + request.uri())) {
                handler.handle(request);
            } else {
                request.response()
                        .setStatusCode(403)
                        .end("user " + peer(request).uid() + " may not\n");
            }
        };
    }

    /** Who sends a request. */
    static UnixPeerCredentials peer(HttpServerRequest request) {
        return UnixPeerCredentials.of(channel(request)).orElseThrow();
    }

    /** The connection of a request. There is no public way to it: the class is of the implementation. */
    static Channel channel(HttpServerRequest request) {
        return ((HttpServerConnection) request.connection())
                .channelHandlerContext()
                .channel();
    }

    /** Who is at the other end of a socket of a {@code NetServer}. */
    static UnixPeerCredentials peer(NetSocket socket) {
        return UnixPeerCredentials.of(
                        ((NetSocketInternal) socket).channelHandlerContext().channel())
                .orElseThrow();
    }
}
