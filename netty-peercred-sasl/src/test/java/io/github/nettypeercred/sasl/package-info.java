// SPDX-License-Identifier: Apache-2.0

/** Both sides of the authentication, on embedded channels. */
@NullMarked
package io.github.nettypeercred.sasl;

import org.jspecify.annotations.NullMarked;
