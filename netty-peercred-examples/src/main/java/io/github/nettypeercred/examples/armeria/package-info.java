// SPDX-License-Identifier: Apache-2.0

/** A server of Armeria that knows from the kernel who asks. */
@NullMarked
package io.github.nettypeercred.examples.armeria;

import org.jspecify.annotations.NullMarked;
