// SPDX-License-Identifier: Apache-2.0
/** Tests of the examples of the same package; fields are set before each test, and so not marked. */
@NullUnmarked
package io.github.nettypeercred.examples.vertx;

import org.jspecify.annotations.NullUnmarked;
