// SPDX-License-Identifier: Apache-2.0

/** Peer credentials on Netty's kqueue transport: macOS and the BSDs. */
module io.github.nettypeercred.kqueue {
    requires transitive io.github.nettypeercred;
    requires io.github.nettypeercred.jni;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.unix.common;
    requires io.netty.transport.classes.kqueue;
    requires static org.jspecify;

    exports io.github.nettypeercred.kqueue;

    provides io.github.nettypeercred.spi.PeerCredentialsTransport with
            io.github.nettypeercred.kqueue.KQueuePeerCredentials;
}
