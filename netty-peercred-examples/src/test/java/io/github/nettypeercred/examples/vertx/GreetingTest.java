// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.vertx;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.examples.dbus.Program;
import io.github.nettypeercred.examples.http.AdminPolicy;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A NetServer of Vert.x that greets, on the same transport. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GreetingTest {
    @Test
    void greeting_reachesWhomThePolicyLetsInAlone(@TempDir Path folder) throws Exception {
        Program.need("/usr/bin/python3", "python3");
        Program.needRoot();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path path = folder.resolve("socket");
        Vertx vertx = AdminServer.vertx(PeerAuthorization.of(AdminPolicy.policy()));
        try {
            vertx.createNetServer()
                    .connectHandler(socket -> socket.end(Buffer.buffer(
                            "hello, user " + AdminServer.peer(socket).uid())))
                    .listen(SocketAddress.domainSocketAddress(path.toString()))
                    .await(30, TimeUnit.SECONDS);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
            assertThat(read(path, 1000)).isEqualTo("hello, user 1000");
            assertThat(read(path, 0)).isEqualTo("hello, user 0");
            assertThat(read(path, 60000)).isEmpty();
        } finally {
            vertx.close().await(30, TimeUnit.SECONDS);
        }
    }

    private static String read(Path path, long uid) throws IOException {
        return Program.run(
                        Program.as(uid, 1000),
                        List.of("/usr/bin/python3", System.getProperty("raw.python"), path.toString()))
                .output();
    }
}
