// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** How often what was decided. Counting allocates nothing. All numbers are since the start; may be read from any thread. */
public final class PeerCounters {
    final LongAdder allowed = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder revoked = new LongAdder();
    final LongAdder dropped = new LongAdder();
    final LongAdder differed = new LongAdder();
    final LongAdder failedWrites = new LongAdder();
    final LongAdder stale = new LongAdder();
    final LongAdder kept = new LongAdder();

    private final Map<Reason, LongAdder> denied = new EnumMap<>(Reason.class);

    PeerCounters() {
        for (Reason reason : Reason.values()) {
            denied.put(reason, new LongAdder());
        }
    }

    private LongAdder of(Reason reason) {
        return Objects.requireNonNull(denied.get(reason), "reason");
    }

    void decided(PeerDecision decision) {
        (decision instanceof Deny deny ? of(deny.reason()) : allowed).increment();
    }

    /**
     * Returns how often a peer, or who sent a message, was allowed.
     *
     * @return 0 or more
     */
    public long allowed() {
        return allowed.sum();
    }

    /**
     * Returns how often one was denied, in shadow mode too.
     *
     * @return 0 or more
     */
    public long denied() {
        long sum = 0;
        for (LongAdder each : denied.values()) {
            sum += each.sum();
        }
        return sum;
    }

    /**
     * Returns how often one was denied for a reason, in shadow mode too.
     *
     * @param reason the reason
     * @return 0 or more
     */
    public long denied(Reason reason) {
        return of(reason).sum();
    }

    /**
     * Returns how often a peer lacked a grant for what it was about to do.
     *
     * @return 0 or more
     */
    public long refused() {
        return refused.sum();
    }

    /**
     * Returns how many open connections lost their access.
     *
     * @return 0 or more
     */
    public long revoked() {
        return revoked.sum();
    }

    /**
     * Returns how many datagrams were dropped.
     *
     * @return 0 or more
     */
    public long dropped() {
        return dropped.sum();
    }

    /**
     * Returns how often the candidate decided otherwise.
     *
     * @return 0 or more
     */
    public long differed() {
        return differed.sum();
    }

    /**
     * Returns how many writes failed because the peer was not let in.
     *
     * @return 0 or more
     */
    public long failedWrites() {
        return failedWrites.sum();
    }

    /**
     * Returns how many answers came too late to count, since the policy had been replaced meanwhile.
     *
     * @return 0 or more
     */
    public long stale() {
        return stale.sum();
    }

    /**
     * Returns how often a policy file was not put in force because something is wrong with it: once for each reason, where it is watched.
     *
     * @return 0 or more
     */
    public long kept() {
        return kept.sum();
    }

    @Override
    public String toString() {
        return "allowed=" + allowed + " denied=" + denied() + " refused=" + refused + " revoked=" + revoked
                + " dropped="
                + dropped + " differed=" + differed + " failedWrites=" + failedWrites + " stale=" + stale
                + " kept=" + kept;
    }
}
