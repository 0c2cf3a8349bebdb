// SPDX-License-Identifier: Apache-2.0

/** What set-user-ID programs were for, without one: queues that take entries of all local users, each in its own name. */
@NullMarked
package io.github.nettypeercred.examples.submission;

import org.jspecify.annotations.NullMarked;
