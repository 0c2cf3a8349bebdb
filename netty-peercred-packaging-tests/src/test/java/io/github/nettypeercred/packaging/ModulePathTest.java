// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.packaging.app.OnEpoll;
import io.github.nettypeercred.packaging.app.OnIoUring;
import io.github.nettypeercred.packaging.app.OnKQueue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small modular application, compiled against the jars and run with and without Netty's native module. */
class ModulePathTest {
    private static final String ARCH = Jars.LIBRARY.endsWith("x86_64.so") ? "x86_64" : "aarch_64";
    private static final String CAPTURED =
            "captured uid=" + Child.UID + " gid=" + Child.GID + " isMyself=true mechanism=SO_PEERCRED";

    @TempDir
    Path folder;

    @Test
    void epoll_application_without_the_native_module_is_told_which() throws IOException {
        Path application = compile("epoll", "io.netty.transport.classes.epoll", OnEpoll.class);

        String printed = run(application, OnEpoll.class);

        assertThat(printed.lines()).contains("available=false");
        assertThat(printed)
                .contains("cause=Netty's epoll transport is not available: ")
                .contains("so start java with --add-modules io.netty.transport.epoll.linux." + ARCH);
    }

    @Test
    void epoll_application_with_the_native_module_captures() throws IOException {
        Path application = compile("epoll", "io.netty.transport.classes.epoll", OnEpoll.class);

        assertThat(run(application, OnEpoll.class, "--add-modules", "io.netty.transport.epoll.linux." + ARCH)
                        .lines())
                .contains(
                        "available=true", "cause=none", "ensured", CAPTURED, "active", "message", "client closed=true");
    }

    @Test
    void epoll_application_on_the_class_path_captures() {
        assertThat(NativeLoadingTest.onClassPath(OnEpoll.class).lines())
                .contains(
                        "available=true", "cause=none", "ensured", CAPTURED, "active", "message", "client closed=true");
    }

    @Test
    void epoll_application_with_native_access_denied_is_told_the_module() throws IOException {
        assumeTrue(Runtime.version().feature() >= 24, "Java denies native access from 24 on");
        Path application = compile("epoll", "io.netty.transport.classes.epoll", OnEpoll.class);

        assertThat(run(
                        application,
                        OnEpoll.class,
                        "--add-modules",
                        "io.netty.transport.epoll.linux." + ARCH,
                        "--illegal-native-access=deny",
                        "--enable-native-access=io.netty.common"))
                .contains("--enable-native-access=io.github.nettypeercred.jni");
        assertThat(run(
                        application,
                        OnEpoll.class,
                        "--add-modules",
                        "io.netty.transport.epoll.linux." + ARCH,
                        "--illegal-native-access=deny",
                        "--enable-native-access=io.netty.common,io.github.nettypeercred.jni"))
                .contains(CAPTURED);
    }

    @Test
    void io_uring_application_without_the_native_module_is_told_which() throws IOException {
        Path application = compile("iouring", "io.netty.transport.classes.io_uring", OnIoUring.class);

        String printed = run(application, OnIoUring.class);

        assertThat(printed.lines()).contains("available=false");
        assertThat(printed)
                .contains("cause=Netty's io_uring transport is not available: ")
                .contains("so start java with --add-modules io.netty.transport.io_uring.linux." + ARCH);
    }

    @Test
    void io_uring_application_with_the_native_module_captures() throws IOException {
        Path application = compile("iouring", "io.netty.transport.classes.io_uring", OnIoUring.class);

        String printed =
                run(application, OnIoUring.class, "--add-modules", "io.netty.transport.io_uring.linux." + ARCH);

        assumeIoUring(printed);
        assertThat(printed.lines())
                .contains(
                        "available=true", "cause=none", "ensured", CAPTURED, "active", "message", "client closed=true");
    }

    @Test
    void io_uring_application_on_the_class_path_captures() {
        String printed = NativeLoadingTest.onClassPath(OnIoUring.class);

        assumeIoUring(printed);
        assertThat(printed.lines())
                .contains(
                        "available=true", "cause=none", "ensured", CAPTURED, "active", "message", "client closed=true");
    }

    @Test
    void kqueue_application_is_told_what_to_use_here() throws IOException {
        Path application = compile("kqueue", "io.netty.transport.classes.epoll", OnKQueue.class);

        assertThat(run(
                                application,
                                OnKQueue.class,
                                "--add-modules",
                                "io.github.nettypeercred.epoll,io.netty.transport.epoll.linux." + ARCH)
                        .lines())
                .contains(
                        "available=false",
                        "cause=Netty's kqueue transport is not available: Only supported on OSX/BSD; on Linux use"
                                + " netty-peercred-epoll or netty-peercred-io_uring",
                        CAPTURED,
                        "active",
                        "message");
    }

    private static void assumeIoUring(String printed) {
        assumeTrue(
                !printed.contains("Netty's io_uring transport is not available"),
                "this kernel lets nobody use io_uring: " + printed);
    }

    /** Compiles a module that requires one transport of ours and the modules of Netty that the program names itself. */
    private Path compile(String transport, String netty, Class<?> program) throws IOException {
        Path sources = Path.of("src/test/java", program.getPackageName().replace('.', '/'));
        Path module = Files.writeString(
                folder.resolve("module-info.java"),
                """
                module application {
                    requires io.github.nettypeercred.%s;
                    requires io.netty.buffer;
                    requires io.netty.common;
                    requires io.netty.transport.unix.common;
                    requires %s;
                }
                """
                        .formatted(transport, netty));
        Path classes = folder.resolve("application");
        int errors = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "--release",
                        "17",
                        "-nowarn",
                        "--module-path",
                        Jars.path(jars(program)),
                        "-d",
                        classes.toString(),
                        module.toString(),
                        sources.resolve("SelfConnection.java").toString(),
                        sources.resolve(program.getSimpleName() + ".java").toString());
        assertThat(errors).isZero();
        return classes;
    }

    private static String run(Path application, Class<?> program, String... options) {
        List<Path> path = new ArrayList<>(jars(program));
        path.add(application);
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("--module-path", Jars.path(path), "--module", "application/" + program.getName()));
        return Child.java(arguments.toArray(new String[0]));
    }

    private static List<Path> jars(Class<?> program) {
        return program == OnEpoll.class ? Jars.ofEpollAlone() : Jars.ofAllTransports();
    }
}
