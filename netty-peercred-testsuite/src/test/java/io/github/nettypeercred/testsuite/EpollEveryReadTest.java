// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.util.concurrent.atomic.AtomicLong;

class EpollEveryReadTest extends AbstractEveryReadTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }

    @Override
    EventLoopGroup newGroup(AtomicLong wakeUps) {
        return new MultiThreadIoEventLoopGroup(1, CountingIoHandler.counting(EpollIoHandler.newFactory(), wakeUps));
    }
}
