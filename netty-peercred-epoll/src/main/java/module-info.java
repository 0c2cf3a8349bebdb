// SPDX-License-Identifier: Apache-2.0

/** Peer credentials on Netty's epoll transport. */
module io.github.nettypeercred.epoll {
    requires transitive io.github.nettypeercred;
    requires io.github.nettypeercred.jni;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.unix.common;
    requires io.netty.transport.classes.epoll;
    requires static org.jspecify;

    exports io.github.nettypeercred.epoll;

    provides io.github.nettypeercred.spi.PeerCredentialsTransport with
            io.github.nettypeercred.epoll.EpollPeerCredentials;
}
