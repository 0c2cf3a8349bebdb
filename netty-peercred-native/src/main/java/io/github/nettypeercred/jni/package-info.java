// SPDX-License-Identifier: Apache-2.0

/** The native binding that the transport modules share: not for applications. */
@NullMarked
package io.github.nettypeercred.jni;

import org.jspecify.annotations.NullMarked;
