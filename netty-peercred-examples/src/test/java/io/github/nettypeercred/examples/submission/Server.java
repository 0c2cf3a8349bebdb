// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.examples.dbus.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The example as it is started from a command line, in a process of its own. */
final class Server implements AutoCloseable {
    private static final Path BASE = Path.of("/run");

    private final Path folder;
    private final Path log;
    private final Process process;

    private Server(Path folder, List<String> prefix, List<String> arguments) throws Exception {
        this.folder = folder;
        log = Files.createTempFile(folder, "server", ".log");
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(System.getProperty("java.home") + "/bin/java", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), SubmissionServer.class.getName()));
        command.add(folder.toString());
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        for (int i = 0; i < 600 && !log().contains("serving " + socket()); i++) {
            assertThat(process.isAlive()).as(log()).isTrue();
            Thread.sleep(100);
        }
    }

    /** Makes a folder that none but root may change, which a policy and a socket want. */
    static Path makeFolder() throws IOException {
        return Files.createTempDirectory(BASE, "netty-peercred-submission");
    }

    /** Starts a queue of mail in a new folder. */
    static Server start() throws Exception {
        return start(makeFolder(), List.of(), "example.org");
    }

    static Server start(Path folder, List<String> prefix, String... arguments) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Server(folder, prefix, List.of(arguments));
    }

    String socket() {
        return folder.resolve("socket").toString();
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    List<Path> entries() throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve("entries"))) {
            return all.filter(file -> !file.getFileName().toString().startsWith("."))
                    .toList();
        }
    }

    /** Takes the only entry out of the queue. */
    String take() throws IOException {
        List<Path> all = entries();
        assertThat(all).hasSize(1);
        String entry = Files.readString(all.get(0), ISO_8859_1);
        Files.delete(all.get(0));
        return entry;
    }

    /** Runs lmtp.py as a user. */
    Program lmtp(List<String> user, String... steps) throws IOException {
        return python(user, "lmtp.py", steps);
    }

    Program python(List<String> user, String script, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(user);
        command.addAll(script(script));
        command.add(socket());
        command.addAll(List.of(arguments));
        return Program.run(command);
    }

    /** How to run a script, for users who cannot read it themselves. */
    static List<String> script(String name) throws IOException {
        Path script = Path.of(System.getProperty("submission.python"), name);
        return List.of("/usr/bin/python3", "-c", Files.readString(script));
    }

    /** Ends it with SIGKILL. */
    void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        assertThat(process.destroyForcibly()
                        .onExit()
                        .orTimeout(60, TimeUnit.SECONDS)
                        .join())
                .isNotNull();
    }

    @Override
    public void close() throws IOException {
        kill();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted((one, other) -> other.compareTo(one)).toList()) {
                Files.delete(file);
            }
        }
    }
}
