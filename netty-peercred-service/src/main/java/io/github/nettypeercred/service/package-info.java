// SPDX-License-Identifier: Apache-2.0

/**
 * A socket instead of a pid file. {@link io.github.nettypeercred.service.ServiceSocket} takes a path exclusively, {@link
 * io.github.nettypeercred.service.RunningService} tells who serves one and signals exactly that process.
 */
@NullMarked
package io.github.nettypeercred.service;

import org.jspecify.annotations.NullMarked;
