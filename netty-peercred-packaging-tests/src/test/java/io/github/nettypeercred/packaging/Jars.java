// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The jars that the build made and those that it resolved, as Maven lists them for this module. */
final class Jars {
    /** The native library for the machine that runs the tests, as it is called in the jar. */
    static final String LIBRARY = "META-INF/native/libnetty_peercred_linux_"
            + (System.getProperty("os.arch").equals("aarch64") ? "aarch_64" : "x86_64") + ".so";

    private static final Path BUILD = Path.of(System.getProperty("build.directory"));

    private Jars() {}

    /** The run-time class path of an application whose only dependency is netty-peercred-epoll. */
    static List<Path> ofEpollAlone() {
        return list("runtime-class-path").toList();
    }

    /** Our modules for servers, and Netty 4.2 with all transports. */
    static List<Path> ofAllTransports() {
        return list("test-class-path")
                .filter(jar -> jar.getFileName().toString().matches("(netty|jspecify)-.*"))
                .filter(jar -> !Set.of(
                                ours("testing"),
                                ours("authz"),
                                ours("tls"),
                                ours("grpc"),
                                ours("spring-security"),
                                ours("auto"),
                                ours("micrometer"))
                        .contains(jar))
                .toList();
    }

    /** All that is published. */
    static List<Path> published() {
        return list("test-class-path").filter(Jars::isOurs).toList();
    }

    /** All that the tests of this module have on their class path. */
    static List<Path> ofTests() {
        return list("test-class-path").toList();
    }

    static List<Path> ofNetty41() {
        try (Stream<Path> files = Files.list(BUILD.resolve("netty-4.1"))) {
            return files.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The one jar of ours with that name. */
    static Path ours(String module) {
        return published().stream()
                .filter(jar -> jar.getFileName().toString().startsWith("netty-peercred-" + module + "-"))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no jar of netty-peercred-" + module));
    }

    static boolean isOurs(Path jar) {
        return jar.getFileName().toString().startsWith("netty-peercred-");
    }

    /** The classes of this module's programs. */
    static Path programs() {
        return BUILD.resolve("test-classes");
    }

    static String path(List<Path> jars) {
        return jars.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    static String pathWithPrograms(List<Path> jars) {
        return path(Stream.concat(Stream.of(programs()), jars.stream()).toList());
    }

    static byte[] library() throws IOException {
        return entry(ours("native"), LIBRARY);
    }

    static byte[] entry(Path jar, String name) throws IOException {
        try (JarFile file = new JarFile(jar.toFile());
                InputStream in = file.getInputStream(file.getJarEntry(name))) {
            return in.readAllBytes();
        }
    }

    private static Stream<Path> list(String file) {
        try {
            return Stream.of(Files.readString(BUILD.resolve(file)).trim().split(File.pathSeparator, -1))
                    .map(Path::of);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
