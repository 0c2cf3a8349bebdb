// SPDX-License-Identifier: Apache-2.0

/** A system log in which every line says from the kernel who wrote it, and in which no user takes another's room. */
@NullMarked
package io.github.nettypeercred.examples.logger;

import org.jspecify.annotations.NullMarked;
