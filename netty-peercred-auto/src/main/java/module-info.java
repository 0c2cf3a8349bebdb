// SPDX-License-Identifier: Apache-2.0

/** Guards the Unix sockets of an application that knows nothing of it. */
module io.github.nettypeercred.auto {
    requires io.github.nettypeercred;
    requires io.github.nettypeercred.authz;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.unix.common;
    requires static org.jspecify;

    uses io.netty.bootstrap.ChannelInitializerExtension;

    provides io.netty.bootstrap.ChannelInitializerExtension with
            io.github.nettypeercred.auto.GuardExtension;
}
