// SPDX-License-Identifier: Apache-2.0

/** Tests with real sockets and real processes under other ids. */
@NullMarked
package io.github.nettypeercred.testsuite;

import org.jspecify.annotations.NullMarked;
