// SPDX-License-Identifier: Apache-2.0

/** Tests of lspc, most of them from outside: its main class in a Java process of its own, peers in others. */
@NullMarked
package io.github.nettypeercred.lspc;

import org.jspecify.annotations.NullMarked;
