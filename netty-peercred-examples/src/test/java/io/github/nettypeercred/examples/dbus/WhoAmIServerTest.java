// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** That the D-Bus clients of Debian log in to the example, each as its own user and nobody else's. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WhoAmIServerTest {
    private static final String INTERFACE = "io.github.nettypeercred.WhoAmI";

    private static EventLoopGroup group;
    private static Channel server;
    private static String address;

    /** A client program, and how it calls WhoAmI. */
    enum Client {
        BUSCTL("busctl", "systemd", "uus %d %d \"%s\"") {
            @Override
            List<String> whoAmI() {
                return List.of("busctl", "--address=" + address, "call", "x.y", "/", INTERFACE, "WhoAmI");
            }
        },
        GDBUS("gdbus", "libglib2.0-bin", "(uint32 %d, uint32 %d, '%s')") {
            @Override
            List<String> whoAmI() {
                return gdbus("call", "--method", INTERFACE + ".WhoAmI");
            }
        },
        DBUS_SEND("dbus-send", "dbus-bin", "uint32 %d uint32 %d string \"%s\"") {
            @Override
            List<String> whoAmI() {
                return List.of("dbus-send", "--peer=" + address, "--print-reply", "/", INTERFACE + ".WhoAmI");
            }
        },
        DBUS_SEND_WITH_HELLO("dbus-send", "dbus-bin", "uint32 %d uint32 %d string \"%s\"") {
            @Override
            List<String> whoAmI() {
                return List.of(
                        "dbus-send", "--bus=" + address, "--print-reply", "--dest=x.y", "/", INTERFACE + ".WhoAmI");
            }
        },
        PYTHON("/usr/bin/python3", "python3", "%d %d %s") {
            @Override
            void need() {
                super.need();
                assumeTrue(
                        Program.runs(List.of("/usr/bin/python3", "-c", "import dbus")),
                        "left out: python3 has no module dbus here (Debian: apt-get install python3-dbus)");
            }

            @Override
            List<String> whoAmI() {
                return List.of("/usr/bin/python3", System.getProperty("whoami.python"), address);
            }
        };

        private final String program;
        private final String debianPackage;
        private final String answer;

        Client(String program, String debianPackage, String answer) {
            this.program = program;
            this.debianPackage = debianPackage;
            this.answer = answer;
        }

        void need() {
            Program.need(program, debianPackage);
        }

        abstract List<String> whoAmI();

        /** What it prints when the server says so, with the spaces of its own left out. */
        String answer(long uid, long gid, String evidence) {
            return answer.formatted(uid, gid, evidence);
        }
    }

    private static List<String> gdbus(String... words) {
        List<String> command = new ArrayList<>(List.of("gdbus", words[0]));
        command.addAll(List.of("--address", address, "--dest", "x.y", "--object-path", "/"));
        command.addAll(List.of(words).subList(1, words.length));
        return command;
    }

    @BeforeAll
    static void start() throws IOException {
        group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Path path = SocketFolder.create().resolve("socket");
        path.toFile().deleteOnExit();
        server = WhoAmIServer.start(group, path);
        address = "unix:path=" + path;
    }

    @AfterAll
    static void stop() {
        server.close().syncUninterruptibly();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static String spaced(String output) {
        return output.replaceAll("\\s+", " ").trim();
    }

    private static void assertAnswered(Client client, Program run, long uid, long gid) {
        String evidence = "uid=%d gid=%d pid=%d source=SO_PEERCRED/CONNECT/EFFECTIVE".formatted(uid, gid, run.pid());
        assertThat(run.status()).as(run.output()).isZero();
        assertThat(spaced(run.output())).contains(client.answer(uid, gid, evidence));
    }

    @ParameterizedTest
    @EnumSource
    void client_underTwoUsers_isToldWhoItIs(Client client) throws IOException {
        client.need();
        Program.needRoot();
        assertAnswered(client, Program.run(client.whoAmI()), 0, 0);
        assertAnswered(client, Program.run(Program.as(65533, 1234), client.whoAmI()), 65533, 1234);
        assertAnswered(client, Program.run(Program.as(4294967290L, 5), client.whoAmI()), 4294967290L, 5);
    }

    /** In a user namespace in which it is mapped to root, a client takes itself for uid 0, and claims to be that. */
    @ParameterizedTest
    @EnumSource
    void client_thatClaimsToBeRoot_isRejected(Client client) throws IOException {
        client.need();
        Program.needRoot();
        List<String> mapped = new ArrayList<>(Program.as(65533, 1234));
        mapped.addAll(List.of("unshare", "--user", "--map-root-user"));
        assumeTrue(
                Program.runs(List.of("sh", "-c", "test \"$(" + String.join(" ", mapped) + " id -u)\" = 0")),
                "left out: an ordinary user cannot make a user namespace here");
        Program run = Program.run(mapped, client.whoAmI());
        if (client == Client.BUSCTL) {
            assertAnswered(client, run, 65533, 1234); // it claims nothing, and is told
        } else {
            assertThat(run.status()).as(run.output()).isNotZero();
            assertThat(run.output()).doesNotContain("uid=");
        }
    }

    @Test
    void gdbusAndBusctl_introspect() throws IOException {
        Program.need("gdbus", "libglib2.0-bin");
        Program.need("busctl", "systemd");
        assertThat(spaced(Program.run(gdbus("introspect")).output()))
                .contains(
                        "interface io.github.nettypeercred.WhoAmI { methods: WhoAmI(out u uid, out u gid, out s evidence);");
        Program busctl = Program.run(List.of("busctl", "--address=" + address, "introspect", "x.y", "/"));
        assertThat(spaced(busctl.output())).contains(".WhoAmI method - uus");
    }

    @Test
    void gdbus_pingsAndGetsAnError() throws IOException {
        Program.need("gdbus", "libglib2.0-bin");
        assertThat(Program.run(gdbus("call", "--method", "org.freedesktop.DBus.Peer.Ping"))
                        .output())
                .isEqualTo("()\n");
        assertThat(Program.run(gdbus("call", "--method", "org.freedesktop.DBus.GetId"))
                        .output())
                .matches("\\('[0-9a-f]{32}',\\)\n");
        Program none = Program.run(gdbus("call", "--method", INTERFACE + ".WhoIsHe"));
        assertThat(none.status()).isNotZero();
        assertThat(none.output()).contains("org.freedesktop.DBus.Error.UnknownMethod");
    }

    @Test
    void flood_endsTheFlooderAlone() throws IOException {
        byte[] flood = "AUTH\r\n".repeat(10_000).getBytes(US_ASCII);
        try (SocketChannel flooder = connect()) {
            flooder.write(ByteBuffer.wrap(new byte[1]));
            assertThatThrownBy(() -> {
                        while (true) {
                            flooder.write(ByteBuffer.wrap(flood));
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
        try (SocketChannel other = connect()) {
            for (byte each : "\0AUTH EXTERNAL\r\nDATA\r\n".getBytes(US_ASCII)) {
                other.write(ByteBuffer.wrap(new byte[] {each}));
            }
            ByteBuffer answer = ByteBuffer.allocate("DATA\r\nOK ".length());
            while (answer.hasRemaining()) {
                assertThat(other.read(answer)).isPositive();
            }
            assertThat(new String(answer.array(), US_ASCII)).isEqualTo("DATA\r\nOK ");
        }
    }

    private static SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(address.substring("unix:path=".length())));
    }
}
