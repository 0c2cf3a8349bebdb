// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A server with the services of {@link Jobs}, that every user may connect to. */
final class Served implements AutoCloseable {
    final Path path = newPath();
    final Jobs jobs = new Jobs();
    private final Server server;

    Served(Function<Path, NettyServerBuilder> builder) {
        try {
            server = builder.apply(path).addServices(jobs.services()).build().start();
            openToAll(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Served by(GrpcPeerCredentials peers, Security security) {
        return new Served(path -> peers.forPath(path, security.server()));
    }

    static Path newPath() {
        return PublicFiles.folder().resolve("grpc.sock");
    }

    static void openToAll(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    /** A client in another process under another user. */
    OtherUser client(long uid, long gid, Security security) {
        OtherUser client = OtherUser.start(uid, gid, ClientProgram.class, path.toString(), security.certificate());
        if (!client.line().equals("ready")) {
            throw new IllegalStateException("the client does not begin");
        }
        return client;
    }

    @Override
    public void close() {
        try {
            if (!server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the server does not end");
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
