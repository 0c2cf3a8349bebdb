// SPDX-License-Identifier: Apache-2.0

/** Peer credentials on Netty's io_uring transport. */
@NullMarked
package io.github.nettypeercred.iouring;

import org.jspecify.annotations.NullMarked;
