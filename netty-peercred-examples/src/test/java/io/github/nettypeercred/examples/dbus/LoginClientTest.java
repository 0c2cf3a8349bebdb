// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That our client's side logs in to a message bus that we did not write, and to our own server, as the user that it is. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LoginClientTest {
    private static final String CONFIGURATION =
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <listen>unix:path=%s</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/>
                <allow send_destination="*"/>
                <allow receive_sender="*"/>
              </policy>
            </busconfig>
            """;

    /** The users are some that every Debian has: dbus-daemon closes on those that have no name. */
    @ParameterizedTest
    @CsvSource({"0, claim, ''", "0, -, attach", "1, claim, ''", "1, -, ''", "5, claim, attach"})
    void daemon_takesUsForTheUserThatWeAre(long uid, String claim, String attach) throws Exception {
        Program.need("dbus-daemon", "dbus-daemon");
        Program.needRoot();
        Path folder = SocketFolder.create();
        Path socket = folder.resolve("bus");
        Process daemon = startDaemon(folder, socket);
        try {
            Program run = login(socket, uid, claim.equals("-") ? "-" : Long.toString(uid), attach);
            assertThat(run.output())
                    .matches("logged in, unixFds=true\nname :1\\.\\d+\nuid %d\npid %d\n".formatted(uid, run.pid()));
        } finally {
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void daemon_rejectsUsUnderAnotherUid() throws Exception {
        Program.need("dbus-daemon", "dbus-daemon");
        Program.needRoot();
        Path folder = SocketFolder.create();
        Path socket = folder.resolve("bus");
        Process daemon = startDaemon(folder, socket);
        try {
            assertThat(login(socket, 1, "5", "").output()).isEqualTo("failed: REJECTED\n");
        } finally {
            daemon.destroy();
            assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0, ''", "65533, 65533, attach", "65533, -, ''"})
    void ourServer_acceptsOurClient(long uid, String claim, String attach) throws Exception {
        Program.needRoot();
        try (Served served = new Served()) {
            assertThat(login(served.path, uid, claim, attach).output())
                    .matches("logged in, unixFds=false\nname :1\\.\\d+\nno bus\nno bus\n");
        }
    }

    @Test
    void ourServer_rejectsOurClientUnderAnotherUid() throws Exception {
        Program.needRoot();
        try (Served served = new Served()) {
            assertThat(login(served.path, 65533, "0", "").output()).isEqualTo("failed: REJECTED\n");
        }
    }

    private static Process startDaemon(Path folder, Path socket) throws IOException {
        Path configuration = folder.resolve("configuration");
        Files.writeString(configuration, CONFIGURATION.formatted(socket));
        configuration.toFile().deleteOnExit();
        socket.toFile().deleteOnExit();
        Process daemon = new ProcessBuilder(
                        "dbus-daemon", "--config-file=" + configuration, "--nofork", "--nopidfile", "--print-address")
                .redirectError(Redirect.DISCARD)
                .start();
        BufferedReader output = daemon.inputReader();
        assertThat(output.readLine()).startsWith("unix:path=" + socket);
        return daemon;
    }

    private static Program login(Path socket, long uid, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        command.addAll(
                List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", ClassPath.FOR_ALL));
        command.addAll(List.of(LoginClient.class.getName(), socket.toString()));
        command.addAll(List.of(arguments));
        return Program.run(Program.as(uid, 12), command);
    }

    private static final class Served implements AutoCloseable {
        private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        private final Path path = SocketFolder.create().resolve("socket");
        private final Channel server = WhoAmIServer.start(group, path);

        Served() throws IOException {}

        @Override
        public void close() {
            server.close().syncUninterruptibly();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
