// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Absence;
import java.io.IOException;

/** What the commands tell on standard output, in the form the user asked for. */
interface Report {
    /** Returns the report in JSON Lines or in plain text. */
    static Report of(boolean json) {
        return json ? new JsonReport(new Output()) : new TextReport(new Output());
    }

    /** The socket is bound and takes connections. */
    void listening(SocketPath path) throws IOException;

    /** A peer has connected. */
    void peer(Peer peer) throws IOException;

    /** Somebody is on the other end and the kernel did not say who. */
    void absent(Absence absence) throws IOException;

    /** This is who serves a socket. */
    void listener(SocketPath path, Peer listener, Liveness liveness) throws IOException;
}
