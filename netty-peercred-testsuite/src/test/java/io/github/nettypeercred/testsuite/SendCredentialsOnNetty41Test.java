// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.SendCredentialsHandler;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That sending credentials is refused beside Netty 4.1, with what to do about it. */
@Tag("netty-4.1")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SendCredentialsOnNetty41Test {
    @Test
    void write_onNetty41_fails() {
        assumeTrue(TestTransport.EPOLL instanceof TestTransport.Epoll41, "left out: this is Netty 4.2");
        Path path = TestServer.newPath();
        try (Peer peer = Goon.listening(path, "accept", "sum");
                TestClient client =
                        TestClient.connect(TestTransport.EPOLL, path.toString(), channel -> channel.pipeline()
                                .addLast(new SendCredentialsHandler()))) {
            ChannelFuture write = client.channel().writeAndFlush(Unpooled.copiedBuffer("x", UTF_8));
            assertThat(write.awaitUninterruptibly(30, TimeUnit.SECONDS)).isTrue();
            assertThat(write.cause()).isInstanceOf(CredentialsNotSentException.class);
            assertThat(((CredentialsNotSentException) write.cause()).reason())
                    .isEqualTo(CredentialsNotSentException.Reason.UNSUPPORTED);
            assertThat(write.cause()).hasMessageContaining("use Netty 4.2");
            client.channel().close();
            assertThat(peer.line()).isEqualTo("0 00000000");
        }
    }
}
