// SPDX-License-Identifier: Apache-2.0

/** The names of users and groups, looked up off the event loop: derived from the system's account database, attested by nobody. */
@NullMarked
package io.github.nettypeercred.authz.names;

import org.jspecify.annotations.NullMarked;
