// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AttestedBytes;
import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.netty.channel.Channel;
import io.netty.channel.unix.DomainDatagramPacket;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was decided about the senders of one channel's messages. A policy is asked anew for each other sender, which is quick; an authorizer's
 * answers are kept, as long as what decides is in force, and never for another channel.
 */
final class MessageDecisions {
    private static final int MOST = 256;

    private final PeerAuthorization authorization;
    private final @Nullable PeerCredentialsResult connection;
    private final @Nullable PeerCertificateResult certificate;
    private final FreshGroups groups;
    private final Map<Key, PeerAccess> answers = new HashMap<>();

    private @Nullable PeerCredentialsResult lastSender;
    private @Nullable PeerAccess last;
    private int versionOfLast;

    /** A message that waits for its delivery, and the answer to the question that was put about it. */
    private @Nullable Object askedAbout;

    private @Nullable PeerAccess answer;

    /** All that is attested of a sender. */
    private record Key(long generation, long uid, long gid, int pid, Optional<String> label, Mechanism mechanism) {}

    MessageDecisions(PeerAuthorization authorization, Channel channel, FreshGroups groups) {
        this.authorization = authorization;
        this.connection = Evidence.setup(channel);
        this.certificate = Evidence.certificate(channel);
        this.groups = groups;
    }

    static boolean isEnvelope(Object msg) {
        return msg instanceof AttestedBytes || msg instanceof AttestedMessage || msg instanceof AttestedDatagram;
    }

    /** Who sent a message; an absence of {@link AbsenceReason#NOT_CAPTURED} if nobody looked. */
    static PeerCredentialsResult senderOf(Channel channel, Object msg) {
        if (msg instanceof AttestedBytes bytes) {
            return bytes.credentials();
        }
        if (msg instanceof AttestedMessage message) {
            return message.credentials();
        }
        if (msg instanceof AttestedDatagram datagram) {
            return datagram.credentials();
        }
        return msg instanceof DomainDatagramPacket
                ? new Absence(
                        AbsenceReason.NOT_CAPTURED,
                        "a datagram came without its sender: add an AttestedDatagramHandler in front")
                : UnixPeerCredentials.of(channel, Moment.EVERY_READ);
    }

    PeerEvidence evidence(PeerCredentialsResult sender) {
        return new PeerEvidence(connection, sender, null, certificate);
    }

    /** What is decided about a message and its sender, null if it has to be asked. */
    @Nullable
    PeerAccess known(Channel channel, Object message, PeerCredentialsResult sender) {
        long generation = authorization.generation();
        forgetOldGroups();
        if (message == askedAbout) {
            PeerAccess answered = answer;
            askedAbout = null;
            answer = null;
            if (answered != null && answered.generation() == generation) { // else replaced while others were played
                return answered;
            }
        }
        if (last != null && sender == lastSender && last.generation() == generation) {
            return last;
        }
        PeerEvidence evidence = evidence(sender);
        PeerAccess now = authorization.decideNow(evidence, groups);
        if (now == null) {
            Key key = key(generation, sender);
            return key == null ? null : answers.get(key);
        }
        authorization.audit().decided("message", channel, evidence, now, authorization.state());
        remember(sender, now);
        return now;
    }

    private void forgetOldGroups() {
        if (versionOfLast != groups.version()) {
            versionOfLast = groups.version();
            lastSender = null;
            last = null;
            askedAbout = null;
            answer = null;
            answers.clear();
        }
    }

    /** Takes the answer about a message and its sender. */
    void answered(Channel channel, Object message, PeerCredentialsResult sender, PeerAccess newAnswer) {
        forgetOldGroups();
        askedAbout = message;
        answer = newAnswer;
        authorization.audit().decided("message", channel, evidence(sender), newAnswer, authorization.state());
        boolean failure = newAnswer.decision() instanceof Deny deny
                && (deny.reason() == Reason.TIMED_OUT || deny.reason() == Reason.AUTHORIZER_FAILED);
        Key key = key(newAnswer.generation(), sender);
        if (failure || key == null) {
            return;
        }
        if (answers.size() >= MOST || answers.keySet().stream().anyMatch(old -> old.generation != key.generation)) {
            answers.clear();
        }
        answers.put(key, newAnswer);
    }

    private void remember(PeerCredentialsResult sender, PeerAccess now) {
        lastSender = sender;
        last = now;
    }

    /** Null where more than what is in a key may have been decided on: the process, of which a pid is but a name. */
    private static @Nullable Key key(long generation, PeerCredentialsResult sender) {
        return sender instanceof UnixPeerCredentials peer
                        && peer.process().value().isEmpty()
                ? new Key(
                        generation,
                        peer.uid(),
                        peer.gid(),
                        peer.pid().orElse(0),
                        peer.label().value(),
                        peer.source().mechanism())
                : null;
    }
}
