// SPDX-License-Identifier: Apache-2.0

/** An HTTP server that knows from the kernel who asks. */
@NullMarked
package io.github.nettypeercred.examples.http;

import org.jspecify.annotations.NullMarked;
