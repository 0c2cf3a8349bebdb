// SPDX-License-Identifier: Apache-2.0

/** An application of Spring Boot on a Unix domain socket, whose users are those of the system. */
@NullMarked
package io.github.nettypeercred.spring.security.jobs;

import org.jspecify.annotations.NullMarked;
