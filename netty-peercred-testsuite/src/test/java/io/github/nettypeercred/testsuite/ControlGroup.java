// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A control group in systemd's hierarchy: by its name, its processes are of a unit. Source: cgroups(7). */
final class ControlGroup implements AutoCloseable {
    private final Path directory;

    private ControlGroup(Path directory) {
        this.directory = directory;
    }

    /** Makes one, or has the test left out where that cannot be done. */
    static ControlGroup make(String name) throws IOException {
        Path fileSystem = Path.of("/sys/fs/cgroup");
        Path named = fileSystem.resolve("systemd"); // version 1
        Path root = Files.isDirectory(named) ? named : fileSystem;
        assumeTrue(Files.isWritable(root.resolve("cgroup.procs")), "left out: no control group can be made in " + root);
        Path directory = root.resolve(name);
        try {
            Files.createDirectory(directory);
        } catch (IOException e) {
            assumeTrue(false, "left out: no control group can be made in " + root + ": " + e);
        }
        return new ControlGroup(directory);
    }

    /** Starts a peer in it. */
    Peer start(String... script) {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "echo $$ > \"$0\" && exec \"$@\""));
        command.add(directory.resolve("cgroup.procs").toString());
        command.addAll(Peer.command(script));
        return Peer.startProgram(command);
    }

    @Override
    public void close() throws IOException {
        Files.delete(directory);
    }
}
