// SPDX-License-Identifier: Apache-2.0

/**
 * What a transport module and the native binding implement. Applications do not need it, save for {@link
 * io.github.nettypeercred.spi.AccountDatabase}.
 */
@NullMarked
package io.github.nettypeercred.spi;

import org.jspecify.annotations.NullMarked;
