// SPDX-License-Identifier: Apache-2.0

/** Peer credentials on Netty's kqueue transport: macOS and the BSDs. */
@NullMarked
package io.github.nettypeercred.kqueue;

import org.jspecify.annotations.NullMarked;
