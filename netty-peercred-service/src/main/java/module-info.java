// SPDX-License-Identifier: Apache-2.0

/** A socket instead of a pid file: one server at a path, and who that is. */
module io.github.nettypeercred.service {
    requires transitive io.github.nettypeercred;
    requires io.github.nettypeercred.jni;
    requires io.github.nettypeercred.epoll;
    requires io.netty.buffer;
    requires io.netty.common;
    requires transitive io.netty.transport;
    requires io.netty.transport.unix.common;
    requires io.netty.transport.classes.epoll;
    requires static org.jspecify;

    exports io.github.nettypeercred.service;
}
