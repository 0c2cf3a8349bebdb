// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** That the Java of README and docs is compiled source, and that the README's server works. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReadmeTest {
    static Stream<Path> documents() throws IOException {
        try (Stream<Path> docs = Files.list(Path.of("..", "docs"))) {
            return Stream.concat(Stream.of(Path.of("..", "README.md")), docs.sorted().toList().stream());
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void documents_showCompiledJava(Path document) throws IOException {
        List<String> shown = new ArrayList<>();
        boolean java = false;
        for (String line : Files.readAllLines(document)) {
            if (line.startsWith("```")) {
                java = line.equals("```java");
                assertShown(document, shown);
                shown.clear();
            } else if (java && !line.isBlank()) {
                shown.add(line.trim());
            }
        }
        if (document.endsWith("README.md")) {
            assertThat(Files.readString(document)).contains("```java");
        }
    }

    private static void assertShown(Path document, List<String> shown) throws IOException {
        if (shown.isEmpty()) {
            return;
        }
        try (Stream<Path> modules = Files.list(Path.of(".."))) {
            assertThat(modules.flatMap(ReadmeTest::sources)
                            .filter(Files::isDirectory)
                            .anyMatch(sources -> isIn(sources, shown)))
                    .as("%s shows compiled source: %s", document, shown)
                    .isTrue();
        }
    }

    /** Where what documents show may be: in tests, and in the examples. */
    private static Stream<Path> sources(Path module) {
        Path tests = module.resolve("src/test/java");
        return module.endsWith("netty-peercred-examples")
                ? Stream.of(tests, module.resolve("src/main/java"))
                : Stream.of(tests);
    }

    private static boolean isIn(Path sources, List<String> shown) {
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file -> file.toString().endsWith(".java")).anyMatch(file -> contains(file, shown));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean contains(Path file, List<String> shown) {
        try (Stream<String> lines = Files.lines(file)) {
            List<String> source =
                    lines.map(String::trim).filter(line -> !line.isEmpty()).toList();
            return Collections.indexOfSubList(source, shown) >= 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void greeter_greetsAPretendedPeer() {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        PretendedPeer.of(4294967290L, 100).on(channel);
        channel.pipeline().addLast(new PeerCredentialsHandler(), new GreetingServer.Greeter());
        assertThatCode(channel::register).doesNotThrowAnyException();
        ByteBuf greeting = channel.readOutbound();
        assertThat(greeting.toString(UTF_8)).isEqualTo("hello, user 4294967290\n");
        greeting.release();
    }

    @Test
    void greetingServer_greetsItsPeer() {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: a peer under another user needs root");
        EventLoopGroup group = TestTransport.EPOLL.newGroup(1);
        Path path = TestServer.newPath();
        Channel server = GreetingServer.start(group, path.toString());
        TestServer.openToAll(path);
        try (Peer peer = Peer.start(Peer.as(4294967290L, 0, "-", "connect", path.toString(), "drain"))) {
            assertThat(peer.line()).isEqualTo(Integer.toString("hello, user 4294967290\n".length()));
        } finally {
            server.close().syncUninterruptibly();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
