// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import io.github.nettypeercred.kqueue.KQueuePeerCredentials;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;

/** Says whether credentials are to be had on kqueue, and then, unless there is an argument, connects to itself on epoll. */
public final class OnKQueue {
    private OnKQueue() {}

    public static void main(String[] args) throws Exception {
        System.out.println("available=" + KQueuePeerCredentials.isAvailable());
        Throwable cause = KQueuePeerCredentials.unavailabilityCause();
        System.out.println("cause=" + (cause == null ? "none" : cause.getMessage()));
        try {
            KQueuePeerCredentials.ensureAvailability();
            System.out.println("ensured");
        } catch (UnsatisfiedLinkError e) {
            System.out.println("ensure failed=" + e.getMessage());
        }
        if (args.length == 0) {
            SelfConnection.run(
                    new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()),
                    EpollServerDomainSocketChannel.class,
                    EpollDomainSocketChannel.class);
        }
    }
}
