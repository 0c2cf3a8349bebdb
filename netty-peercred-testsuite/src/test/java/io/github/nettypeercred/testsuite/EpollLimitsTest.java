// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.limits.Limit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EpollLimitsTest extends AbstractLimitsTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }

    @Test
    void serverOfTheDocument_servesAUserWithinItsLimits_andNoMore() {
        PeerLimits limits = LimitedServer.limits();
        EventLoopGroup group = transport().newGroup(1);
        Path path = TestServer.newPath();
        Channel server = LimitedServer.start(group, path.toString(), limits);
        TestServer.openToAll(path);
        try (Peer within = crowd("echo", path, 1000, 10, 3, 4096);
                Peer over = crowd("hold", path, 1001, 120)) {
            assertThat(within.line()).isEqualTo("30 0");
            assertThat(over.line()).isEqualTo("100");
            assertThat(limits.refusedCount(Limit.CONNECTIONS) + limits.refusedCount(Limit.CONNECTION_RATE))
                    .isEqualTo(20);
        } finally {
            server.close().syncUninterruptibly();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
