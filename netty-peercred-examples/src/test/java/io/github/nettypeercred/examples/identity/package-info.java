// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.github.nettypeercred.examples.identity;

import org.jspecify.annotations.NullMarked;
