// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.kqueue.KQueueOnEpoll;
import java.util.concurrent.atomic.AtomicLong;

class KQueueEveryReadTest extends AbstractEveryReadTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }

    @Override
    EventLoopGroup newGroup(AtomicLong wakeUps) {
        return new MultiThreadIoEventLoopGroup(1, CountingIoHandler.counting(KQueueOnEpoll.newFactory(), wakeUps));
    }
}
