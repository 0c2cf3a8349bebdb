// SPDX-License-Identifier: Apache-2.0

/**
 * Credentials and grants for grpc-java on Unix domain sockets: {@link io.github.nettypeercred.grpc.GrpcPeerCredentials} for servers, {@link
 * io.github.nettypeercred.grpc.GrpcRequiredServer} for clients.
 */
@NullMarked
package io.github.nettypeercred.grpc;

import org.jspecify.annotations.NullMarked;
