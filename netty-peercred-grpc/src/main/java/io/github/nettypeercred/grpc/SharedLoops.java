// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;

/** The event loops of those who named none: as many as Netty makes by default, on daemon threads that live as long as the JVM. */
final class SharedLoops {
    private static final class Epoll {
        static final EventLoopGroup GROUP = new MultiThreadIoEventLoopGroup(
                0, new DefaultThreadFactory("netty-peercred-grpc", true), EpollIoHandler.newFactory());
    }

    private SharedLoops() {}

    static EventLoopGroup epoll() {
        EpollPeerCredentials.ensureAvailability();
        return Epoll.GROUP;
    }
}
