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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the README's server is the compiled one, and works. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReadmeTest {
    @Test
    void readme_showsTheCompiledServer() throws IOException {
        List<String> readme = Files.readAllLines(Path.of("..", "README.md"));
        List<String> shown = readme.subList(readme.indexOf("```java") + 1, readme.size());
        shown = shown.subList(0, shown.indexOf("```")).stream()
                .map(String::trim)
                .filter(line -> !line.isEmpty())
                .toList();
        Path source = Path.of("src/test/java", GreetingServer.class.getName().replace('.', '/') + ".java");
        assertThat(shown).hasSizeBetween(10, 25);
        assertThat(Files.readAllLines(source).stream().map(String::trim)).containsSubsequence(shown);
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
