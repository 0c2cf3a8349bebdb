// SPDX-License-Identifier: Apache-2.0

/** The command line {@code lspc}. It uses netty-peercred as any application would. */
@NullMarked
package io.github.nettypeercred.lspc;

import org.jspecify.annotations.NullMarked;
