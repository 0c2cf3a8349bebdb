// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.channel.Channel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Hears of all that a {@link PeerAuthorization} decides, for metrics. Called on event loops unless a method says otherwise, so it must not block; what it throws is
 * logged and changes nothing. {@link PeerAuthorization#counters()} counts without one.
 */
public interface PeerAuthorizationListener {
    /**
     * A peer, or who sent a message, was decided about.
     *
     * @param channel the channel, not registered yet if a {@link PeerAuthorizationAcceptHandler} decided; null if {@link
     *     PeerAuthorization#acceptPredicate} did
     * @param evidence on what
     * @param access the outcome
     */
    default void decided(@Nullable Channel channel, PeerEvidence evidence, PeerAccess access) {}

    /**
     * A peer that was let in was about to do something for which it lacks a grant: see {@link PeerAuthorization#permits}. Called by the thread
     * that asked.
     *
     * @param channel the channel that was asked about: of the connection, or of an HTTP/2 stream of it
     * @param access what was decided about its peer
     * @param grant the grant that it lacks
     * @param action what it was about to do, which may hold anything
     */
    default void refused(Channel channel, PeerAccess access, String grant, String action) {}

    /**
     * The candidate decides otherwise than what is in force.
     *
     * @param evidence on what
     * @param inForce the decision that counts
     * @param candidate what the candidate would have decided
     */
    default void differed(PeerEvidence evidence, PeerDecision inForce, PeerDecision candidate) {}

    /**
     * An open connection lost its access.
     *
     * @param channel the channel, which closes
     * @param access the denial
     */
    default void revoked(Channel channel, PeerAccess access) {}

    /**
     * A datagram was dropped because its sender is denied, or because too many wait for a decision.
     *
     * @param channel the channel
     */
    default void dropped(Channel channel) {}

    /**
     * A policy is in force from now on. Called by the thread that replaced or reloaded it.
     *
     * @param generation its number
     */
    default void replaced(long generation) {}

    /**
     * A policy file could not be read, and the policy before stays in force. Called by the thread that reloaded it.
     *
     * @param reason what is wrong with it
     */
    default void kept(PolicyException reason) {}

    /**
     * An authorizer took so long.
     *
     * @param time from the question to the answer, or to the deadline
     */
    default void asked(Duration time) {}
}
