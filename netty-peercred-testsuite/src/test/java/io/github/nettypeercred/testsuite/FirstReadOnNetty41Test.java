// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That first reads and datagrams are refused beside Netty 4.1, with what to do about it. */
@Tag("netty-4.1")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FirstReadOnNetty41Test {
    @Test
    void firstRead_onNetty41_isRefused() {
        assumeTrue(TestTransport.EPOLL instanceof TestTransport.Epoll41, "left out: this is Netty 4.2");
        PeerCredentialsAcceptHandler accepting =
                PeerCredentialsAcceptHandler.builder().firstRead().build();
        try (TestServer server = TestServer.start(TestTransport.EPOLL, accepting, child -> child.pipeline()
                        .addLast(PeerCredentialsHandler.builder().firstRead().build()));
                Peer peer = Peer.start("connect", server.path(), "drain")) {
            AbstractFirstReadTest.assertRefused(server, AbsenceReason.UNSUPPORTED, "use Netty 4.2");
            peer.line();
        }
    }

    @Test
    void datagrams_onNetty41_areRefused() {
        assumeTrue(TestTransport.EPOLL instanceof TestTransport.Epoll41, "left out: this is Netty 4.2");
        assertThatThrownBy(() -> DatagramServer.start(EpollDomainDatagramChannel.class))
                .isInstanceOfSatisfying(AbsentException.class, e -> {
                    assertThat(e.absence().reason()).isEqualTo(AbsenceReason.UNSUPPORTED);
                    assertThat(e).hasMessageContaining("use Netty 4.2");
                });
    }
}
