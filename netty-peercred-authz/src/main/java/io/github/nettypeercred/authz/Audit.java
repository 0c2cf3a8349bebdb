// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization.State;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Counts, records, logs and tells what was decided. Nothing that goes wrong here changes a decision or keeps one from being carried out. For
 * any thread.
 */
final class Audit {
    private static final Allowances ALLOWANCES = new Allowances(System::nanoTime);

    private final PeerCounters counters = new PeerCounters();
    private final PeerAuthorizationListener listener;

    Audit(PeerAuthorizationListener listener) {
        this.listener = listener;
    }

    PeerCounters counters() {
        return counters;
    }

    void decided(String what, @Nullable Channel channel, PeerEvidence evidence, PeerAccess access, State inForce) {
        counters.decided(access.decision());
        try {
            Jfr.decided(what, evidence, access);
            if (!access.isAllowed()) {
                logDenial(what, channel, evidence, access, inForce.policy());
            }
            if (inForce.candidate() != null) {
                compare(evidence, access, inForce.candidate());
            }
            listener.decided(channel, evidence, access);
        } catch (Throwable e) {
            failed(e);
        }
    }

    void refused(Channel channel, PeerAccess access, String grant, String action) {
        counters.refused.increment();
        try {
            PeerEvidence captured = Evidence.of(channel);
            PeerEvidence evidence = captured == null ? PeerEvidence.of(UnixPeerCredentials.of(channel)) : captured;
            Jfr.refused(evidence, access);
            int suppressed = Log.LOGGER.isInfoEnabled() ? ALLOWANCES.take(channel.remoteAddress(), evidence) : -1;
            if (suppressed >= 0) {
                Log.LOGGER.info(
                        DecisionLine.refusal(channel, evidence, access, grant, action) + " suppressed=" + suppressed);
            }
            listener.refused(channel, access, grant, action);
        } catch (Throwable e) {
            failed(e);
        }
    }

    void revoked(Channel channel, PeerEvidence evidence, PeerAccess access, State inForce) {
        counters.revoked.increment();
        try {
            Jfr.decided("again", evidence, access);
            logDenial("again", channel, evidence, access, inForce.policy());
            listener.revoked(channel, access);
        } catch (Throwable e) {
            failed(e);
        }
    }

    void dropped(Channel channel) {
        counters.dropped.increment();
        try {
            listener.dropped(channel);
        } catch (Throwable e) {
            failed(e);
        }
    }

    void asked(long nanos) {
        try {
            listener.asked(Duration.ofNanos(nanos));
        } catch (Throwable e) {
            failed(e);
        }
    }

    void replaced(long generation) {
        try {
            listener.replaced(generation);
        } catch (Throwable e) {
            failed(e);
        }
    }

    void kept(PolicyException reason) {
        counters.kept.increment();
        try {
            listener.kept(reason);
        } catch (Throwable e) {
            failed(e);
        }
    }

    private static void failed(Throwable e) {
        Log.warn("a decision was not told to the end: a PeerAuthorizationListener threw, or a log", e);
    }

    private void compare(PeerEvidence evidence, PeerAccess access, PeerPolicy candidate) {
        PeerDecision other = candidate.decide(evidence);
        boolean same = other.isAllowed() == access.isAllowed()
                && new PeerAccess(other, 0, false).grants().equals(access.grants());
        if (same) {
            return;
        }
        counters.differed.increment();
        Jfr.decided("candidate", evidence, new PeerAccess(other, access.generation(), false));
        int suppressed = ALLOWANCES.take(null, evidence);
        if (suppressed >= 0) {
            Log.warn(DecisionLine.difference(evidence, access.decision(), other) + " suppressed=" + suppressed);
        }
        listener.differed(evidence, access.decision(), other);
    }

    private static void logDenial(
            String what,
            @Nullable Channel channel,
            PeerEvidence evidence,
            PeerAccess access,
            @Nullable PeerPolicy policy) {
        SocketAddress remote = channel == null ? null : channel.remoteAddress();
        int suppressed = Log.LOGGER.isInfoEnabled() ? ALLOWANCES.take(remote, evidence) : -1;
        if (suppressed >= 0) {
            Log.LOGGER.info(DecisionLine.denial(what, channel, evidence, access, policy) + " suppressed=" + suppressed);
        }
    }
}
