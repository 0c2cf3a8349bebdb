// SPDX-License-Identifier: Apache-2.0

/** One server for clients on this machine and elsewhere. */
@NullMarked
package io.github.nettypeercred.examples.identity;

import org.jspecify.annotations.NullMarked;
