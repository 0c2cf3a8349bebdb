// SPDX-License-Identifier: Apache-2.0

/** Netty's own tests of its sockets, run on Unix sockets with our handlers in every pipeline, on both sides. */
@NullMarked
package io.github.nettypeercred.conformance;

import org.jspecify.annotations.NullMarked;
