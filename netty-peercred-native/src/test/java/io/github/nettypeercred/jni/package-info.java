// SPDX-License-Identifier: Apache-2.0

/** Tests of the native binding. */
@NullMarked
package io.github.nettypeercred.jni;

import org.jspecify.annotations.NullMarked;
