// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** The programs that the tests start: lspc, and the peer, which is compiled once. */
final class Programs {
    /** The peer's program, in a folder that every user may enter. */
    static final Path PEER = compilePeer();

    private Programs() {}

    /** Starts lspc in a Java process of its own. */
    static Child lspc(String... arguments) throws IOException {
        return lspc(List.of(), System.getProperty("java.class.path"), arguments);
    }

    /** Starts lspc through another program, from a class path that may be a copy. */
    static Child lspc(List<String> prefix, String classPath, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(
                "-Xcheck:jni",
                "-Dio.netty.leakDetection.level=paranoid",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                Lspc.class.getName()));
        command.addAll(List.of(arguments));
        return new Child(command);
    }

    /** Starts a peer and waits until it is there. */
    static Child peer(String... arguments) throws IOException, InterruptedException {
        return peer(List.of(), PEER, arguments);
    }

    /** Starts a peer through another program, or from another file, and waits until it is there. */
    static Child peer(List<String> prefix, Path program, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.add(program.toString());
        command.addAll(List.of(arguments));
        Child peer = new Child(command);
        assertThat(peer.line()).isEqualTo("there");
        return peer;
    }

    /** Returns the command that runs another one under other ids. */
    static List<String> as(long id, String groups) {
        return List.of(
                "setpriv",
                "--reuid=" + id,
                "--regid=" + id,
                groups.isEmpty() ? "--clear-groups" : "--groups=" + groups);
    }

    static void assumeRoot() throws IOException {
        assumeTrue(isRoot(), "needs root, to start processes under other users");
    }

    static boolean isRoot() throws IOException {
        return ProcessStatus.of(ProcessHandle.current().pid()).uid() == 0;
    }

    /** Copies the class path into a folder that every user may read, and returns the copy as a class path. */
    static String copyClassPath(Path folder) throws IOException {
        List<String> copies = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path copy = folder.resolve(Integer.toString(copies.size()));
            if (Files.isDirectory(Path.of(entry))) {
                copyFolder(Path.of(entry), copy);
            } else {
                copy = folder.resolve(copies.size() + ".jar");
                Files.copy(Path.of(entry), copy);
            }
            copies.add(copy.toString());
        }
        return String.join(File.pathSeparator, copies);
    }

    private static void copyFolder(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    private static Path compilePeer() {
        try {
            Path folder = Files.createTempDirectory("lspc-test");
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path program = folder.resolve("peer");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                program.toFile().delete();
                folder.toFile().delete();
            }));
            String compiler = System.getenv().getOrDefault("CC", "cc");
            Child cc = new Child(List.of(
                    compiler,
                    "-std=c17",
                    "-Wall",
                    "-Wextra",
                    "-Werror",
                    "-o",
                    program.toString(),
                    "src/test/c/peer.c"));
            assertThat(cc.errors()).isEmpty();
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
            return program;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
