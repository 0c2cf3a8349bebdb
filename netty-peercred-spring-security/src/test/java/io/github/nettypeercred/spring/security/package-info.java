// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.github.nettypeercred.spring.security;

import org.jspecify.annotations.NullMarked;
