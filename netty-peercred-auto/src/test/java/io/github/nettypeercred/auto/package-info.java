// SPDX-License-Identifier: Apache-2.0

@NullMarked
package io.github.nettypeercred.auto;

import org.jspecify.annotations.NullMarked;
