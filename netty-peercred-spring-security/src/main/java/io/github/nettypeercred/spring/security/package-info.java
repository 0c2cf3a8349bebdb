// SPDX-License-Identifier: Apache-2.0

/** The peer of a Unix domain socket as an authentication of Spring Security, for WebFlux on Reactor Netty. */
@NullMarked
package io.github.nettypeercred.spring.security;

import org.jspecify.annotations.NullMarked;
