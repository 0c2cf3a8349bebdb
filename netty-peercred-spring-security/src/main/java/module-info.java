// SPDX-License-Identifier: Apache-2.0

/** The peer of a Unix domain socket as an authentication of Spring Security, for WebFlux on Reactor Netty. */
module io.github.nettypeercred.spring.security {
    requires transitive io.github.nettypeercred;
    requires transitive io.github.nettypeercred.authz;
    requires transitive spring.security.core;
    requires transitive spring.security.web;
    requires transitive spring.web;
    requires transitive reactor.core;
    requires io.netty.common;
    requires io.netty.transport;
    requires reactor.netty.core;
    requires reactor.netty.http;
    requires static org.jspecify;

    exports io.github.nettypeercred.spring.security;
}
