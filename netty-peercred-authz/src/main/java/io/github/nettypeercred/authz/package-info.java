// SPDX-License-Identifier: Apache-2.0

/** Who may do what: a policy over the credentials of the peers of Unix domain sockets. */
@NullMarked
package io.github.nettypeercred.authz;

import org.jspecify.annotations.NullMarked;
