// SPDX-License-Identifier: Apache-2.0

/** What the packages of this module share. */
@NullMarked
package io.github.nettypeercred.authz.internal;

import org.jspecify.annotations.NullMarked;
