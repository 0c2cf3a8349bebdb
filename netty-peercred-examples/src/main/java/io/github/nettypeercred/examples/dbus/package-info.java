// SPDX-License-Identifier: Apache-2.0

/** A small D-Bus server that knows from the kernel who calls. */
@NullMarked
package io.github.nettypeercred.examples.dbus;

import org.jspecify.annotations.NullMarked;
