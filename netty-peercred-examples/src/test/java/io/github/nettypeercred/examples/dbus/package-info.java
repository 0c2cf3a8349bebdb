// SPDX-License-Identifier: Apache-2.0

/** The D-Bus example and the clients and servers that others wrote. */
@NullMarked
package io.github.nettypeercred.examples.dbus;

import org.jspecify.annotations.NullMarked;
