// SPDX-License-Identifier: Apache-2.0

/** Reactor Netty on a Unix domain socket. */
@NullMarked
package io.github.nettypeercred.examples.reactor;

import org.jspecify.annotations.NullMarked;
