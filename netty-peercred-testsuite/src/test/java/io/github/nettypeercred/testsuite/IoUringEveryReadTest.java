// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.AbsenceReason;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringIoHandler;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class IoUringEveryReadTest extends AbstractEveryReadTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }

    @Override
    EventLoopGroup newGroup(AtomicLong wakeUps) {
        return new MultiThreadIoEventLoopGroup(1, CountingIoHandler.counting(IoUringIoHandler.newFactory(), wakeUps));
    }

    /** Netty 4.2.18 keeps the option on these channels and closes them all the same. */
    @Override
    boolean knowsHalfClosure() {
        return false;
    }

    @Test
    void bufferRing_isRefused() {
        try (TestServer server = start(child -> {
                    child.config().setOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, (short) 0);
                    child.pipeline().addLast(anySender().build());
                });
                Peer peer = Peer.start("connect", server.path(), "offer", "x", "drain")) {
            assertRefused(server, AbsenceReason.BUFFER_RING, "IO_URING_BUFFER_GROUP_ID");
            peer.line();
        }
    }
}
