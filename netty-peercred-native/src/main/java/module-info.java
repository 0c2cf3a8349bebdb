// SPDX-License-Identifier: Apache-2.0

/** The native binding that netty-peercred's transports share. */
module io.github.nettypeercred.jni {
    requires transitive io.github.nettypeercred;
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.unix.common;
    requires static org.jspecify;

    exports io.github.nettypeercred.jni to
            io.github.nettypeercred.epoll,
            io.github.nettypeercred.iouring,
            io.github.nettypeercred.kqueue,
            io.github.nettypeercred.service;

    provides io.github.nettypeercred.spi.AccountDatabase with
            io.github.nettypeercred.jni.NativeAccountDatabase;
    provides io.github.nettypeercred.spi.TrustedFile with
            io.github.nettypeercred.jni.NativeTrustedFile;
}
