// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.process.PeerProcess;

/** The answers to what a capture was not asked for; compared by identity. */
final class NotRequested {
    static final Answer<SupplementaryGroups> GROUPS = answer("groups()");
    static final Answer<String> LABEL = answer("label()");
    static final Answer<PeerProcess> PROCESS = answer("process()");
    static final Answer<String> SENDER_LABEL = answer("senderLabel()");
    static final Answer<PeerProcess> SENDER_PROCESS = answer("senderProcess()");

    private NotRequested() {}

    private static <T> Answer<T> answer(String option) {
        return Answer.unknown(new Absence(
                AbsenceReason.NOT_REQUESTED, "not asked for: call " + option + " on the builder of the handler"));
    }
}
