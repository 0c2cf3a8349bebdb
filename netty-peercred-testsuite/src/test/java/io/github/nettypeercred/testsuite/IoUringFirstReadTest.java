// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.channel.uring.IoUringChannelOption;
import org.junit.jupiter.api.Test;

class IoUringFirstReadTest extends AbstractFirstReadTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }

    /** Netty 4.2.18 keeps the option on these channels and closes them all the same. */
    @Override
    boolean knowsHalfClosure() {
        return false;
    }

    @Test
    void bufferRing_isRefused() {
        try (TestServer server = TestServer.start(transport(), child -> {
                    child.config().setOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, (short) 0);
                    child.pipeline()
                            .addLast(
                                    PeerCredentialsHandler.builder().firstRead().build());
                });
                Peer peer = Peer.start("connect", server.path(), "write", "x", "drain")) {
            assertRefused(server, AbsenceReason.BUFFER_RING, "IO_URING_BUFFER_GROUP_ID");
            peer.line();
        }
    }
}
