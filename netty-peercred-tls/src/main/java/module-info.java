// SPDX-License-Identifier: Apache-2.0

/** One identity for peers on Unix domain sockets and peers with a TLS certificate. */
module io.github.nettypeercred.tls {
    requires transitive io.github.nettypeercred;
    requires transitive io.github.nettypeercred.authz;
    requires transitive io.netty.handler;
    requires transitive io.netty.transport;
    requires io.netty.common;
    requires static org.jspecify;

    exports io.github.nettypeercred.tls;
}
