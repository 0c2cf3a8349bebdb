// SPDX-License-Identifier: Apache-2.0

/** Peer credentials on Netty's io_uring transport. */
module io.github.nettypeercred.iouring {
    requires transitive io.github.nettypeercred;
    requires io.github.nettypeercred.jni;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.unix.common;
    requires io.netty.transport.classes.io_uring;
    requires static org.jspecify;

    exports io.github.nettypeercred.iouring;

    provides io.github.nettypeercred.spi.PeerCredentialsTransport with
            io.github.nettypeercred.iouring.IoUringPeerCredentials;
}
