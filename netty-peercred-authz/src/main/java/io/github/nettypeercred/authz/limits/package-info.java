// SPDX-License-Identifier: Apache-2.0

/** How much one user may take of a server: connections, messages, bytes. */
@NullMarked
package io.github.nettypeercred.authz.limits;

import org.jspecify.annotations.NullMarked;
