// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.process.PeerProcess;

/** Whether the process that credentials speak of still runs. */
enum Liveness {
    /** It runs. */
    ALIVE,
    /** It has ended. */
    GONE,
    /** The kernel gave no handle to ask by. */
    UNKNOWN;

    static Liveness of(Answer<PeerProcess> process) {
        try {
            return process.orElseThrow().isAlive() ? ALIVE : GONE;
        } catch (AbsentException e) {
            return e.absence().reason() == AbsenceReason.REAPED ? GONE : UNKNOWN;
        }
    }
}
