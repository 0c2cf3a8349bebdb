// SPDX-License-Identifier: Apache-2.0

@NullMarked
package io.github.nettypeercred.micrometer;

import org.jspecify.annotations.NullMarked;
