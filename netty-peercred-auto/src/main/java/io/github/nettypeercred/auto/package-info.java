// SPDX-License-Identifier: Apache-2.0

/**
 * Guards every Unix-socket server of an application that is not changed for it: Netty loads {@link io.github.nettypeercred.auto.GuardExtension}, which
 * puts a capture and a policy file in front of the servers' acceptors. Nobody names these types but the command line.
 */
@NullMarked
package io.github.nettypeercred.auto;

import org.jspecify.annotations.NullMarked;
