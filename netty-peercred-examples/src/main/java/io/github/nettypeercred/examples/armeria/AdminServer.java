// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.armeria;

import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.logging.RequestLogProperty;
import com.linecorp.armeria.common.util.DomainSocketAddress;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.examples.http.AdminPolicy;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.unix.DomainSocketChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/** Serves HTTP/1.1 and HTTP/2 on a Unix domain socket, with Armeria. */
public final class AdminServer {
    private AdminServer() {}

    /**
     * Serves until it is ended.
     *
     * @param arguments the path of the socket and, to replace the policy of the example, a policy file
     * @throws IOException if the socket cannot be opened to all users
     */
    public static void main(String[] arguments) throws IOException {
        Path path = Path.of(arguments[0]);
        Files.deleteIfExists(path);
        server(path, AdminPolicy.authorization(arguments)).start().join();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        System.out.println("serving " + path);
    }

    static Server server(Path path, PeerAuthorization authorization) {
        HttpService hello = (ctx, request) -> text(HttpStatus.OK, "you are " + peer(ctx) + "\n");
        HttpService admin = (ctx, request) -> text(HttpStatus.OK, "welcome\n");
        return Server.builder()
                .http(DomainSocketAddress.of(path))
                .childChannelPipelineCustomizer(pipeline -> guard(pipeline, authorization))
                .service("/", hello)
                .service("/admin", admin.decorate(requireGrant(authorization, "admin")))
                .build();
    }

    /** Puts capture and policy in front of the handlers that are there. */
    static void guard(ChannelPipeline pipeline, PeerAuthorization authorization) {
        if (pipeline.channel() instanceof DomainSocketChannel) {
            pipeline.addFirst(
                    PeerCredentialsHandler.builder().groups().build(), new PeerAuthorizationHandler(authorization));
        }
    }

    /** Has requests served of peers alone that have a grant; others get 403. */
    static DecoratingHttpServiceFunction requireGrant(PeerAuthorization authorization, String grant) {
        return (service, ctx, request) -> {
            if (authorization.permits(channel(ctx), grant, ctx.method() + " " + ctx.path())) {
                return service.serve(ctx, request);
            }
            return text(HttpStatus.FORBIDDEN, "user " + peer(ctx).uid() + " may not\n");
        };
    }

    /** Who sends a request. */
    static UnixPeerCredentials peer(ServiceRequestContext ctx) {
        return UnixPeerCredentials.of(channel(ctx)).orElseThrow();
    }

    private static Channel channel(ServiceRequestContext ctx) {
        return Objects.requireNonNull(
                ctx.log().ensureAvailable(RequestLogProperty.SESSION).channel());
    }

    private static HttpResponse text(HttpStatus status, String text) {
        return HttpResponse.of(status, MediaType.PLAIN_TEXT_UTF_8, text);
    }
}
