// SPDX-License-Identifier: Apache-2.0

@NullMarked
package io.github.nettypeercred.examples.reactor;

import org.jspecify.annotations.NullMarked;
