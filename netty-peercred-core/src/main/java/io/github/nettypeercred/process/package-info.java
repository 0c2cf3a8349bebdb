// SPDX-License-Identifier: Apache-2.0

/** The peer's process, held by a descriptor that cannot come to mean another one, and the facts read through it. */
@NullMarked
package io.github.nettypeercred.process;

import org.jspecify.annotations.NullMarked;
