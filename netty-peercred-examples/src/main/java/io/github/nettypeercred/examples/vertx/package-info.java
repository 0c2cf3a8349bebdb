// SPDX-License-Identifier: Apache-2.0

/** A server of Vert.x that knows from the kernel who asks. */
@NullMarked
package io.github.nettypeercred.examples.vertx;

import org.jspecify.annotations.NullMarked;
