// SPDX-License-Identifier: Apache-2.0

/** Who calls a gRPC server on a Unix domain socket, and what that peer may call. */
module io.github.nettypeercred.grpc {
    requires transitive io.github.nettypeercred;
    requires transitive io.github.nettypeercred.authz;
    requires io.github.nettypeercred.epoll;
    requires transitive io.grpc;
    requires transitive io.grpc.netty;
    requires io.netty.buffer;
    requires io.netty.common;
    requires transitive io.netty.transport;
    requires io.netty.transport.unix.common;
    requires io.netty.transport.classes.epoll;
    requires static org.jspecify;

    exports io.github.nettypeercred.grpc;
}
