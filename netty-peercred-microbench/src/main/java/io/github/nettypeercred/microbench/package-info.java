// SPDX-License-Identifier: Apache-2.0

/** Benchmarks of the capture and of what it costs a server, against a loop in C and against other libraries. */
@NullMarked
package io.github.nettypeercred.microbench;

import org.jspecify.annotations.NullMarked;
