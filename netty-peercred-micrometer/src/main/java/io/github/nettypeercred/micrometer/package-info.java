// SPDX-License-Identifier: Apache-2.0

/** What was decided about peers, as meters of Micrometer. */
@NullMarked
package io.github.nettypeercred.micrometer;

import org.jspecify.annotations.NullMarked;
