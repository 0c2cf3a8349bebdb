// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Apache Camel as it was published, with an HTTP server on a Unix socket in its route file, and curl under several users. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CamelTest {
    /** The server has closed before curl looks at whom it is connected to. */
    private static final int COULD_NOT_CONNECT = 7;

    private static final int EMPTY_REPLY = 52;
    private static final int RESET = 56;

    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> seen = new ArrayList<>();
    private Path folder = Path.of("/");
    private @Nullable Process camel;

    @BeforeEach
    void write() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: peers under other users need root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "left out: there is no curl");
        folder = Files.createTempDirectory(Path.of(System.getProperty("user.home")), ".peercred")
                .toRealPath();
        Files.writeString(folder.resolve("peers.toml"), block("```toml"));
        Files.writeString(
                folder.resolve("routes.xml"), block("```xml").replace("/run/app/http.sock", socket().toString()));
    }

    /** What docs/no-code.md shows in the block that begins so. */
    private static String block(String first) throws IOException {
        String document = Files.readString(Path.of("..", "docs", "no-code.md"));
        int begin = document.indexOf(first + "\n");
        assertThat(begin).isPositive();
        return document.substring(begin + first.length() + 1, document.indexOf("```", begin + first.length()));
    }

    /** The command line that docs/no-code.md shows, with the files of this test. */
    private List<String> documented() throws IOException {
        String command = block("umask 0").replace("\\\n", " ").trim();
        List<String> words = new ArrayList<>();
        for (String word : command.split(" +", -1)) {
            words.add(word.replace(
                            "/etc/app/peers.toml", folder.resolve("peers.toml").toString())
                    .replace("file:routes.xml", "file:" + folder.resolve("routes.xml"))
                    .replace("camel/*:guard/*", classPath()));
        }
        assertThat(words.remove(0)).isEqualTo("java");
        return words;
    }

    /** In a folder that every user may enter. */
    private Path socket() throws IOException {
        Path open = Path.of(System.getProperty("java.io.tmpdir"), folder.getFileName() + ".camel");
        Files.createDirectories(open);
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        return open.resolve("http.sock");
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        if (camel != null) {
            camel.destroyForcibly().waitFor();
        }
        if (folder.getNameCount() == 0) {
            return;
        }
        for (Path each : List.of(folder, socket().getParent())) {
            try (Stream<Path> all = Files.walk(each)) {
                for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Camel's jars and those that the document names: nothing of this test, and no annotations. */
    private static String classPath() {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Stream.of(all.split(":"))
                .filter(entry ->
                        !entry.matches(".*(test-classes|junit|assertj|apiguardian|opentest4j|byte-buddy|jspecify).*"))
                .collect(Collectors.joining(":"));
    }

    private void start(List<String> options) throws IOException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "umask 0; exec \"$0\" \"$@\""));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        camel = process;
        Thread reader = new Thread(
                () -> {
                    try (BufferedReader out =
                            new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
                        for (String line = out.readLine(); line != null; line = out.readLine()) {
                            lines.add(line);
                        }
                    } catch (IOException e) {
                        // it was ended
                    }
                },
                "output of Camel");
        reader.setDaemon(true);
        reader.start();
    }

    private void await(String text) throws InterruptedException {
        while (seen.stream().noneMatch(line -> line.contains(text))) {
            String line = lines.poll(60, TimeUnit.SECONDS);
            assertThat(line).as("no line with \"" + text + "\" after " + seen).isNotNull();
            seen.add(Objects.requireNonNull(line));
        }
    }

    /** What curl under a user gets, and how it ends. */
    private record Got(String body, int status) {}

    private Got get(long uid) throws IOException, InterruptedException {
        Process curl = new ProcessBuilder(
                        "setpriv",
                        "--reuid=" + uid,
                        "--regid=" + uid,
                        "--clear-groups",
                        "/usr/bin/curl",
                        "--silent",
                        "--max-time",
                        "30",
                        "--unix-socket",
                        socket().toString(),
                        "http://localhost/")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String body = new String(curl.getInputStream().readAllBytes(), UTF_8);
        return new Got(body, curl.waitFor());
    }

    @Test
    void camelIsGuarded_allowedUserIsServed_deniedOnesGetNothing() throws IOException, InterruptedException {
        start(documented());
        await(socket() + " is guarded by " + folder.resolve("peers.toml"));
        await("(camel-1) started");

        for (long denied : new long[] {1001, 0, 65534}) {
            Got got = get(denied);
            assertThat(got.body).isEmpty();
            assertThat(got.status).isIn(COULD_NOT_CONNECT, EMPTY_REPLY, RESET);
            await("denied what=accept uid=" + denied + " ");
        }
        assertThat(get(1000)).isEqualTo(new Got("hello from Camel", 0));
        await("asked");
        lines.drainTo(seen);
        assertThat(seen).filteredOn(line -> line.endsWith("asked")).hasSize(1);
        assertThat(seen)
                .filteredOn(line -> line.contains("denied what=accept uid="))
                .hasSize(3);
    }

    @Test
    void camelWithoutAPolicy_doesNotServe() throws IOException, InterruptedException {
        List<String> words = documented();
        words.removeIf(word -> word.startsWith("-Dnettypeercred"));
        start(words);
        await(socket() + " is not served: netty-peercred-auto is on the class path and no policy is set");
        assertThat(Objects.requireNonNull(camel).waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(socket()).doesNotExist();
    }

    @Test
    void camelWithoutOurOptions_isAsItWas() throws IOException, InterruptedException {
        List<String> words = documented();
        words.removeIf(word -> word.startsWith("-Dnettypeercred") || word.startsWith("-Dio.netty"));
        start(words);
        await("(camel-1) started");
        assertThat(get(1001)).isEqualTo(new Got("hello from Camel", 0));
    }
}
