// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.UnixPeerCredentials;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Decisions as events of the flight recorder, where there is one. */
final class Jfr {
    private static final boolean AVAILABLE = isAvailable();

    private Jfr() {}

    private static boolean isAvailable() {
        try {
            return Holder.TEMPLATE != null;
        } catch (LinkageError e) { // the module jdk.jfr is not in this run time
            return false;
        }
    }

    static void decided(String what, PeerEvidence evidence, PeerAccess access) {
        if (AVAILABLE && Holder.TEMPLATE.isEnabled()) {
            commit(
                    what,
                    evidence,
                    access,
                    access.isAllowed(),
                    access.decision() instanceof PeerDecision.Deny deny
                            ? deny.reason().name().toLowerCase(Locale.ROOT)
                            : null);
        }
    }

    static void refused(PeerEvidence evidence, PeerAccess access) {
        if (AVAILABLE && Holder.TEMPLATE.isEnabled()) {
            commit("grant", evidence, access, false, "no_grant");
        }
    }

    private static void commit(
            String what, PeerEvidence evidence, PeerAccess access, boolean allowed, @Nullable String reason) {
        PeerDecisionJfrEvent event = new PeerDecisionJfrEvent();
        if (!event.shouldCommit()) {
            return;
        }
        event.what = what;
        event.allowed = allowed;
        event.enforced = access.isEnforced();
        event.generation = access.generation();
        event.rule = access.rule().orElse(null);
        event.reason = reason;
        event.uid = -1;
        event.gid = -1;
        event.pid = -1;
        if (evidence.subject() instanceof UnixPeerCredentials peer) {
            event.uid = peer.uid();
            event.gid = peer.gid();
            event.pid = peer.pid().orElse(-1);
            event.moment = peer.source().moment().name();
        }
        PeerCertificate certificate = evidence.verified();
        event.certificate = certificate == null ? null : certificate.toString();
        event.commit();
    }

    /** Loaded apart, so that its absence shows where it can be caught. */
    private static final class Holder {
        static final PeerDecisionJfrEvent TEMPLATE = new PeerDecisionJfrEvent();
    }
}
