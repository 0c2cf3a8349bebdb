// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

/** Whether a peer has a place in this process's namespaces: pid_namespaces(7), user_namespaces(7); or no credentials at all. */
public enum PeerKind {
    /** Its ids are known, and it has a pid here. */
    VISIBLE("visible"),
    /** Its ids are known, and it has no pid here: it is in a pid namespace that this process does not see into. */
    NOT_VISIBLE("not-visible"),
    /** Its ids have no numbers here: {@link io.github.nettypeercred.AbsenceReason#UNMAPPED}. */
    UNMAPPED("unmapped"),
    /** It is not on a Unix domain socket, so that no kernel attests anything of it: it has a verified certificate and no more. */
    REMOTE("remote");

    private final String word;

    PeerKind(String word) {
        this.word = word;
    }

    /** What it is called in a policy file. */
    String word() {
        return word;
    }

    int bit() {
        return PolicyWords.bit(this);
    }
}
