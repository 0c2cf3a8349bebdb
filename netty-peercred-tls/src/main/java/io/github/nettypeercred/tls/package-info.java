// SPDX-License-Identifier: Apache-2.0

/** One identity for peers on Unix domain sockets and peers with a TLS certificate. */
@NullMarked
package io.github.nettypeercred.tls;

import org.jspecify.annotations.NullMarked;
