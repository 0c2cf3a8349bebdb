// SPDX-License-Identifier: Apache-2.0

/** Who is on the other end of a Unix domain socket, as a Channel attribute of any Netty pipeline. */
module io.github.nettypeercred {
    requires transitive io.netty.transport;
    requires io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport.unix.common;
    requires static transitive org.jspecify;

    exports io.github.nettypeercred;
    exports io.github.nettypeercred.process;
    exports io.github.nettypeercred.spi;

    uses io.github.nettypeercred.spi.PeerCredentialsTransport;
}
