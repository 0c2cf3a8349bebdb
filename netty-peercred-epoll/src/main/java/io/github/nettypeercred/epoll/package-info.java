// SPDX-License-Identifier: Apache-2.0

/** Peer credentials on Netty's epoll transport. */
@NullMarked
package io.github.nettypeercred.epoll;

import org.jspecify.annotations.NullMarked;
