// SPDX-License-Identifier: Apache-2.0

/** Pretended peers, for the tests of applications. */
@NullMarked
package io.github.nettypeercred.testing;

import org.jspecify.annotations.NullMarked;
