// SPDX-License-Identifier: Apache-2.0

/**
 * Captures who is on the other end of a Unix domain socket, as the kernel attests it, and hands it to the handlers of a
 * Netty pipeline.
 *
 * <p>{@link io.github.nettypeercred.PeerCredentialsHandler} captures and leaves the pipeline; {@link
 * io.github.nettypeercred.UnixPeerCredentials#of(io.netty.channel.Channel)} reads the result from any thread; {@link
 * io.github.nettypeercred.PeerCredentialsAcceptHandler} refuses a peer before its pipeline exists.
 */
@NullMarked
package io.github.nettypeercred;

import org.jspecify.annotations.NullMarked;
