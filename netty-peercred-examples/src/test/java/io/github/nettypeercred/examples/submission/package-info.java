// SPDX-License-Identifier: Apache-2.0

/** The queues and the clients that others wrote. */
@NullMarked
package io.github.nettypeercred.examples.submission;

import org.jspecify.annotations.NullMarked;
