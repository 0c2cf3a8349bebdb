// SPDX-License-Identifier: Apache-2.0

/** The command line {@code lspc}: who serves a Unix domain socket, and who connects to one. */
module io.github.nettypeercred.lspc {
    requires io.github.nettypeercred;
    requires io.github.nettypeercred.authz;
    requires io.github.nettypeercred.epoll;
    requires io.github.nettypeercred.iouring;
    requires io.github.nettypeercred.service;
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.classes.io_uring;
    requires io.netty.transport.unix.common;
    requires info.picocli;
    requires com.fasterxml.jackson.core;
    requires static org.jspecify;

    // picocli fills the options in by reflection
    opens io.github.nettypeercred.lspc to
            info.picocli;

    uses io.github.nettypeercred.spi.AccountDatabase;
}
