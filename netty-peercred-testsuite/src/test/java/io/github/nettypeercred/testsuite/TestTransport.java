// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.kqueue.KQueueDomainSocketChannel;
import io.netty.channel.kqueue.KQueueOnEpoll;
import io.netty.channel.kqueue.KQueueServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;

/** A Netty transport whose classes a test uses by these names only, so that the epoll tests also run on Netty 4.1. */
interface TestTransport {
    TestTransport EPOLL = isNetty41() ? new Epoll41() : new Epoll();

    EventLoopGroup newGroup(int threads);

    Class<? extends ServerChannel> serverChannel();

    Class<? extends DomainSocketChannel> clientChannel();

    /** The one that runs channels of a type. */
    static TestTransport of(Class<?> channel) {
        return channel.getName().startsWith("io.netty.channel.kqueue.") ? new KQueue() : EPOLL;
    }

    private static boolean isNetty41() {
        try {
            Class.forName("io.netty.channel.IoEventLoop");
            return false;
        } catch (ClassNotFoundException e) {
            return true;
        }
    }

    class Epoll implements TestTransport {
        @Override
        public EventLoopGroup newGroup(int threads) {
            return new MultiThreadIoEventLoopGroup(threads, EpollIoHandler.newFactory());
        }

        @Override
        public Class<? extends ServerChannel> serverChannel() {
            return EpollServerDomainSocketChannel.class;
        }

        @Override
        public Class<? extends DomainSocketChannel> clientChannel() {
            return EpollDomainSocketChannel.class;
        }
    }

    final class Epoll41 extends Epoll {
        @Override
        @SuppressWarnings("deprecation") // the only one that 4.1 has
        public EventLoopGroup newGroup(int threads) {
            return new EpollEventLoopGroup(threads);
        }
    }

    /** Netty's kqueue channels, on epoll. */
    final class KQueue implements TestTransport {
        @Override
        public EventLoopGroup newGroup(int threads) {
            return new MultiThreadIoEventLoopGroup(threads, KQueueOnEpoll.newFactory());
        }

        @Override
        public Class<? extends ServerChannel> serverChannel() {
            return KQueueServerDomainSocketChannel.class;
        }

        @Override
        public Class<? extends DomainSocketChannel> clientChannel() {
            return KQueueDomainSocketChannel.class;
        }
    }

    final class IoUring implements TestTransport {
        @Override
        public EventLoopGroup newGroup(int threads) {
            return new MultiThreadIoEventLoopGroup(threads, IoUringIoHandler.newFactory());
        }

        @Override
        public Class<? extends ServerChannel> serverChannel() {
            return IoUringServerDomainSocketChannel.class;
        }

        @Override
        public Class<? extends DomainSocketChannel> clientChannel() {
            return IoUringDomainSocketChannel.class;
        }
    }
}
