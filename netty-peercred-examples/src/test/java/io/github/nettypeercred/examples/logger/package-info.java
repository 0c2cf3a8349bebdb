// SPDX-License-Identifier: Apache-2.0

/** The logger, the clients that others wrote, and users who mean harm. */
@NullMarked
package io.github.nettypeercred.examples.logger;

import org.jspecify.annotations.NullMarked;
