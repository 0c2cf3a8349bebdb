// SPDX-License-Identifier: Apache-2.0

/** Tests with real processes. */
@NullMarked
package io.github.nettypeercred.service;

import org.jspecify.annotations.NullMarked;
