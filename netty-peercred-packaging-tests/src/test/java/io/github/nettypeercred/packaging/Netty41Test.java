// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.packaging.app.Client;
import io.github.nettypeercred.packaging.app.EpollServer;
import io.github.nettypeercred.packaging.app.OnEpoll;
import io.github.nettypeercred.packaging.app.OnIoUring;
import io.github.nettypeercred.packaging.app.OnKQueue;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The jars, which were compiled against Netty 4.2, on Netty 4.1; io_uring's is there too, where its Netty classes are not. */
class Netty41Test {
    private static final int REFUSED_UID = 4499;

    @TempDir
    Path folder;

    private Path socket;

    @BeforeEach
    void open_folder_to_other_users() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        socket = folder.resolve("socket");
        // Other users may not get at the build's folder.
        Path client = folder.resolve(Client.class.getName().replace('.', '/') + ".class");
        Files.createDirectories(client.getParent());
        Files.copy(Jars.programs().resolve(folder.relativize(client)), client);
    }

    @AfterEach
    void remove_socket() throws IOException {
        Files.deleteIfExists(socket);
    }

    @Test
    void epoll_captures_its_own_process() {
        String printed = Child.java("-cp", classPath("4.1"), OnEpoll.class.getName());

        assertThat(printed.lines()).contains("available=true", "cause=none", "ensured", "active", "message");
        assertThat(printed).containsPattern("captured uid=\\d+ gid=\\d+ isMyself=true mechanism=SO_PEERCRED");
    }

    @Test
    void epoll_without_our_library_refuses_the_peer_and_closes() {
        String printed = Child.java(
                "-Dnettypeercred.native.file=/nowhere/libnetty_peercred.so",
                "-cp",
                classPath("4.1"),
                OnEpoll.class.getName());

        assertThat(printed.lines())
                .contains("available=false", "server closed=true", "client closed=true")
                .doesNotContain("active", "message");
        assertThat(printed).contains("refused UNAVAILABLE: cannot load /nowhere/libnetty_peercred.so");
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.1", "4.2"})
    void server_captures_other_users_and_refuses_one_at_accept(String netty) throws Exception {
        assumeTrue(Child.IS_ROOT, "only root may become another user");

        String served;
        try (Child server = startServer(netty)) {
            String client = runClient(1234, 2345, "3456,4567", "read=1");
            assertThat(server.output())
                    .contains("captured uid=1234 gid=2345 pid=" + pid(client) + " groups=[3456, 4567] alive="
                            + (kernelHasPeerPidfd() ? "true" : "unknown"));
            client = runClient(4294967290L, 4294967291L, "2147483648", "read=1");
            assertThat(server.output())
                    .contains("captured uid=4294967290 gid=4294967291 pid=" + pid(client) + " groups=[2147483648]");
            runClient(REFUSED_UID, 1, "1", "read=-1");
            served = server.end();
        }

        assertThat(served).contains("netty=" + netty).contains("refused=1").doesNotContain("uid=" + REFUSED_UID);
    }

    @Test
    void server_captures_the_user_who_runs_the_tests() throws Exception {
        try (Child server = startServer("4.1")) {
            String client = Child.run(clientCommand());
            assertThat(client).contains("read=1");
            assertThat(server.end())
                    .contains("captured uid=" + Child.UID + " gid=" + Child.GID)
                    .contains(" pid=" + pid(client) + " ")
                    .contains("refused=0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.1", "4.2"})
    void server_without_our_library_refuses_at_accept(String netty) throws Exception {
        try (Child server = startServer(netty, "-Dnettypeercred.native.file=/nowhere/libnetty_peercred.so")) {
            assertThat(Child.run(clientCommand())).contains("read=-1");
            assertThat(server.end()).contains("refused=1").doesNotContain("captured");
        }
    }

    @Test
    void io_uring_without_its_netty_classes_is_skipped_and_logged() {
        String printed = Child.java(
                "-Djava.util.logging.config.file=" + writeLogging(), "-cp", classPath("4.1"), OnEpoll.class.getName());

        assertThat(printed).contains("a transport cannot be loaded").contains("io/netty/channel/uring");
        assertThat(printed).contains("captured uid=");
    }

    @Test
    void io_uring_without_its_netty_classes_is_unavailable() {
        assertThat(Child.java("-cp", classPath("4.1"), OnIoUring.class.getName(), "ask only"))
                .contains("available=false")
                .contains("cause=Netty's io_uring transport is not available: its classes are missing, add"
                        + " netty-transport-classes-io_uring of the version of the other Netty jars"
                        + " [io/netty/channel/uring/");
    }

    @Test
    void kqueue_without_its_netty_classes_is_skipped() {
        String path = Jars.path(List.of(Jars.ours("kqueue"))) + File.pathSeparator + classPath("4.1");

        assertThat(Child.java("-cp", path, OnEpoll.class.getName())).contains("captured uid=");
        assertThat(Child.java("-cp", path, OnKQueue.class.getName(), "ask only"))
                .contains("available=false")
                .contains("cause=Netty's kqueue transport is not available: its classes are missing, add"
                        + " netty-transport-classes-kqueue of the version of the other Netty jars"
                        + " [io/netty/channel/kqueue/");
    }

    private Path writeLogging() {
        try {
            return Files.writeString(
                    folder.resolve("logging.properties"),
                    """
                    handlers = java.util.logging.ConsoleHandler
                    java.util.logging.ConsoleHandler.level = ALL
                    io.github.nettypeercred.level = ALL
                    """);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Child startServer(String netty) throws Exception {
        return startServer(netty, "-Xcheck:jni");
    }

    private Child startServer(String netty, String option) throws Exception {
        Child server = Child.start(Child.javaCommand(
                        option,
                        "-cp",
                        classPath(netty),
                        EpollServer.class.getName(),
                        socket.toString(),
                        String.valueOf(REFUSED_UID))
                .toArray(new String[0]));
        server.awaitText("listening");
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));
        return server;
    }

    private String runClient(long uid, long gid, String groups, String expected) {
        List<String> command =
                new ArrayList<>(List.of("setpriv", "--reuid=" + uid, "--regid=" + gid, "--groups=" + groups));
        command.addAll(clientCommand());
        String printed = Child.run(command);
        assertThat(printed).contains(expected);
        return printed;
    }

    private List<String> clientCommand() {
        return List.of(Child.JAVA, "-cp", folder.toString(), Client.class.getName(), socket.toString());
    }

    private static String pid(String client) {
        Matcher matcher = Pattern.compile("pid=(\\d+)").matcher(client);
        assertThat(matcher.find()).as(client).isTrue();
        return matcher.group(1);
    }

    /** With io_uring's jar first, so that its transport is the first to be found. */
    private static String classPath(String netty) {
        List<Path> jars = new ArrayList<>(List.of(Jars.ours("io_uring")));
        if (netty.equals("4.2")) {
            jars.addAll(Jars.ofAllTransports());
        } else {
            Jars.ofEpollAlone().stream().filter(Jars::isOurs).forEach(jars::add);
            jars.addAll(Jars.ofNetty41());
        }
        return Jars.pathWithPrograms(jars);
    }

    private static boolean kernelHasPeerPidfd() {
        String[] version = System.getProperty("os.version").split("[.-]", -1);
        int major = Integer.parseInt(version[0]);
        return major > 6 || (major == 6 && Integer.parseInt(version[1]) >= 5);
    }
}
