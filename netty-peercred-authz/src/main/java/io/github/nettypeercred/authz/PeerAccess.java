// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.authz.PeerDecision.Allow;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.util.AttributeKey;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What was decided about the peer of a channel, or about who sent a message: the decision, its rule and its grants. Immutable; may be
 * used from any thread.
 *
 * <p>Handlers behind a {@link PeerAuthorizationHandler} ask it for what they are about to do:
 *
 * <pre>{@code
 * if (PeerAccess.of(ctx.channel()).has("submit")) { ... }
 * }</pre>
 */
public final class PeerAccess {
    /** Of Object, because what is stored may be anybody's, also that of a second copy of this library. */
    private static final AttributeKey<Object> KEY = AttributeKey.valueOf("io.github.nettypeercred.authz.PeerAccess");

    static final PeerAccess NONE =
            new PeerAccess(new Deny(Reason.NOT_DECIDED, Optional.empty(), Optional.empty()), 0, true);

    private final PeerDecision decision;
    private final long generation;
    private final boolean enforced;

    PeerAccess(PeerDecision decision, long generation, boolean enforced) {
        this.decision = decision;
        this.generation = generation;
        this.enforced = enforced;
    }

    /**
     * Returns what was decided on a channel, or on the nearest parent of it that has something stored. HTTP/2 stream channels find their
     * connection's this way. A server channel is never read, and a value that somebody copied to another channel counts as none.
     *
     * <p>Where each message is decided about because senders may change, nothing is stored: ask the {@link AuthorizedMessage}.
     *
     * @param channel the channel, on any thread
     * @return what was decided; if nothing was, a denial of {@link Reason#NOT_DECIDED}, which has no grants
     */
    public static PeerAccess of(Channel channel) {
        Objects.requireNonNull(channel, "channel");
        for (Channel at = channel; at != null && !(at instanceof ServerChannel); at = at.parent()) {
            Object value = at.hasAttr(KEY) ? at.attr(KEY).get() : null;
            if (value != null) {
                return value instanceof Stored stored && stored.channel == at ? stored.access : NONE;
            }
        }
        return NONE;
    }

    static void store(Channel channel, PeerAccess access) {
        channel.attr(KEY).set(new Stored(channel, access));
    }

    /**
     * Returns the decision.
     *
     * @return the decision
     */
    public PeerDecision decision() {
        return decision;
    }

    /**
     * Returns whether the peer was let in by a rule.
     *
     * @return true for {@link Allow}, also in shadow mode
     */
    public boolean isAllowed() {
        return decision.isAllowed();
    }

    /**
     * Returns whether a denial closes the channel: not so in shadow mode.
     *
     * @return false in shadow mode
     */
    public boolean isEnforced() {
        return enforced;
    }

    /**
     * Returns the rule at which it was decided.
     *
     * @return its name, empty if no rule matched
     */
    public Optional<String> rule() {
        return decision instanceof Allow allow ? Optional.of(allow.rule()) : ((Deny) decision).rule();
    }

    /**
     * Returns what the peer may do.
     *
     * @return names that the application gives a meaning; none of a denial
     */
    public Set<String> grants() {
        return decision instanceof Allow allow ? allow.grants() : Set.of();
    }

    /**
     * Returns whether the peer may do something. Without allocation. Shadow mode gives nobody a grant that no rule gives.
     *
     * @param grant a name that a rule gives
     * @return whether the decision gave it
     */
    public boolean has(String grant) {
        Objects.requireNonNull(grant, "grant");
        return decision instanceof Allow allow && allow.grants().contains(grant);
    }

    /**
     * Returns by which of the policies that followed each other it was decided.
     *
     * @return 1 for the first, one more with each {@link PeerAuthorization#replace replacement}; 0 if nothing was decided
     */
    public long generation() {
        return generation;
    }

    boolean letsIn() {
        return !enforced || decision.isAllowed();
    }

    @Override
    public String toString() {
        return decision + (enforced ? "" : " (not enforced)");
    }

    /** Bound to its channel, since anybody can get at the key by its name. */
    private record Stored(Channel channel, PeerAccess access) {}
}
