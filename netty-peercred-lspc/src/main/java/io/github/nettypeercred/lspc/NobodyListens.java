// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

/** The failure to connect that proves a socket stale: ECONNREFUSED, and nothing else. */
final class NobodyListens extends Failure {
    private static final long serialVersionUID = 1L;

    NobodyListens(SocketPath path, Throwable cause) {
        super(path.text() + ": nobody listens on this socket (connection refused)", cause);
    }
}
