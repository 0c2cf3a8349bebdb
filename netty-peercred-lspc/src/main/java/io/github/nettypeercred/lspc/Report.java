// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.process.ProcessFacts;
import io.github.nettypeercred.process.ProcessIds;
import java.io.IOException;
import java.util.OptionalLong;

/** What the commands tell on standard output, in the form the user asked for. */
interface Report {
    /** Returns the report in JSON Lines or in plain text. */
    static Report of(boolean json) {
        return json ? new JsonReport(new Output()) : new TextReport(new Output());
    }

    /** The socket is bound and takes connections. */
    void listening(SocketPath path) throws IOException;

    /** A peer was captured, on the connection with that number. */
    void peer(long connection, Peer peer, Verdict verdict) throws IOException;

    /** Bytes came on the connection with that number, sent by a peer. */
    void data(long connection, int bytes, Peer sender, Verdict verdict) throws IOException;

    /** Somebody is on the other end, of the connection with that number if they have one, and the kernel did not say who. */
    void absent(OptionalLong connection, Absence absence, Verdict verdict) throws IOException;

    /** A connection was closed. */
    void closed(long connection) throws IOException;

    /** This is who serves a socket. */
    void listener(SocketPath path, Peer listener, Liveness liveness) throws IOException;

    /** This is what the system says now of the process that serves it. */
    void process(Answer<ProcessIds> ids, ProcessFacts facts) throws IOException;
}
