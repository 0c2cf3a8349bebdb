// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security.jobs;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Has Spring Boot serve on a Unix domain socket, and asks each peer in. */
@Configuration(proxyBeanMethods = false)
class UnixSocketConfiguration {
    @Bean
    NettyServerCustomizer unixSocket(@Value("${jobs.socket}") Path socket, PeerAuthorization authorization)
            throws IOException {
        Files.deleteIfExists(socket); // of an earlier run
        return server -> server.bindAddress(() -> new DomainSocketAddress(socket.toFile()))
                .doOnChannelInit((observer, channel, address) -> channel.pipeline()
                        .addFirst(new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization)))
                .doOnBound(bound -> openToAll(socket));
    }

    private static void openToAll(Path socket) {
        try {
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
