// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That a first read is refused beside Netty 4.1, with what to do about it. */
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
}
