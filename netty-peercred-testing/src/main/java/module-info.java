// SPDX-License-Identifier: Apache-2.0

/** Pretended peers, for the tests of applications. Never on the module path of a server. */
module io.github.nettypeercred.testing {
    requires transitive io.github.nettypeercred;
    requires io.netty.transport;
    requires io.netty.common;
    requires static org.jspecify;

    exports io.github.nettypeercred.testing;

    provides io.github.nettypeercred.spi.PeerCredentialsTransport with
            io.github.nettypeercred.testing.PretendedPeer.Transport;
}
