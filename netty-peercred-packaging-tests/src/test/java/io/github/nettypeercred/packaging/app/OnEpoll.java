// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;

/** Says whether credentials are to be had on epoll, and where Netty's transport is there connects to itself, unless there is an argument. */
public final class OnEpoll {
    private OnEpoll() {}

    @SuppressWarnings("deprecation") // the group that Netty 4.1 has too
    public static void main(String[] args) throws Exception {
        System.out.println("available=" + EpollPeerCredentials.isAvailable());
        Throwable cause = EpollPeerCredentials.unavailabilityCause();
        System.out.println("cause=" + (cause == null ? "none" : cause.getMessage()));
        try {
            EpollPeerCredentials.ensureAvailability();
            System.out.println("ensured");
        } catch (UnsatisfiedLinkError e) {
            System.out.println("ensure failed=" + e.getMessage());
        }
        if (args.length == 0 && Epoll.isAvailable()) {
            SelfConnection.run(
                    new EpollEventLoopGroup(1), EpollServerDomainSocketChannel.class, EpollDomainSocketChannel.class);
        }
    }
}
