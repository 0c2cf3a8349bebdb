// SPDX-License-Identifier: Apache-2.0
/** Tests of the examples of the same package; fields are set before each test, and so not marked. */
@NullUnmarked
package io.github.nettypeercred.examples.http;

import org.jspecify.annotations.NullUnmarked;
