// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

/** In what two credentials differ that had to be of one and the same. */
final class Differing {
    private Differing() {}

    /** The user, group and process ids that differ, with what each did who has them; empty if none does. */
    static String ids(UnixPeerCredentials one, String did, UnixPeerCredentials other, String doneThen) {
        StringBuilder differing = new StringBuilder();
        note(differing, "uid", Long.toString(one.uid()), did, Long.toString(other.uid()), doneThen);
        note(differing, "gid", Long.toString(one.gid()), did, Long.toString(other.gid()), doneThen);
        note(differing, "pid", pid(one), did, pid(other), doneThen);
        return differing.toString();
    }

    private static String pid(UnixPeerCredentials peer) {
        return peer.pid().isPresent() ? Integer.toString(peer.pid().getAsInt()) : "not visible";
    }

    private static void note(
            StringBuilder differing, String what, String one, String did, String other, String doneThen) {
        if (!one.equals(other)) {
            differing
                    .append(differing.length() == 0 ? "" : ", ")
                    .append(what)
                    .append(' ')
                    .append(one)
                    .append(' ')
                    .append(did)
                    .append(", ")
                    .append(other)
                    .append(' ')
                    .append(doneThen);
        }
    }
}
