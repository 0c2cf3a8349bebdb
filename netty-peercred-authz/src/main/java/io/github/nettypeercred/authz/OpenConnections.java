// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.authz.PeerAccessEvent.Changed;
import io.github.nettypeercred.authz.PeerAccessEvent.Revoked;
import io.github.nettypeercred.authz.internal.EventLoops;
import io.github.nettypeercred.authz.names.Memberships;
import io.github.nettypeercred.authz.names.Names;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The connections that were let in and may be decided about again: all if that is asked for, else those of a rule with an age. */
final class OpenConnections {
    private final PeerAuthorization authorization;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();

    OpenConnections(PeerAuthorization authorization) {
        this.authorization = authorization;
    }

    int size() {
        return connections.size();
    }

    /**
     * Takes up a connection that was let in, on its event loop; null if it is never decided about again.
     *
     * @param ofMessage whether that is the last message's evidence and access, and not the connection's
     * @param groups decides, on what is looked up for this connection
     * @param teller tells the channel's handlers of a change, and lets nothing pass after it is revoked
     */
    @Nullable
    Connection add(
            Channel channel,
            PeerEvidence evidence,
            PeerAccess access,
            boolean ofMessage,
            FreshGroups groups,
            Duration deadline,
            Consumer<PeerAccessEvent> teller) {
        PeerPolicy policy = authorization.state().policy();
        Duration age = policy == null ? null : policy.maxAge(access.decision());
        if (!authorization.keepsOpenConnections() && age == null) {
            return null;
        }
        Connection connection = new Connection(channel, evidence, access, ofMessage, groups, deadline, teller);
        connections.add(connection);
        channel.closeFuture().addListener(closed -> connection.end());
        connection.watch(evidence, access);
        // Whoever replaced the policy before it was taken up has not seen it.
        if (authorization.keepsOpenConnections() && authorization.generation() != access.generation()) {
            EventLoops.executeLater(channel, connection::decideAgain); // when it has been let in
        }
        return connection;
    }

    void decideAgain() {
        for (Connection connection : connections) {
            EventLoops.execute(connection.channel, connection::decideAgain);
        }
    }

    /** One of them. */
    final class Connection {
        private final Channel channel;
        private PeerEvidence evidence;
        private final boolean ofMessage;
        private final FreshGroups groups;
        private final Duration deadline;
        private final Consumer<PeerAccessEvent> teller;
        private PeerAccess access;
        private @Nullable ScheduledFuture<?> timer;
        private boolean lookingUp;
        private @Nullable Question question;

        Connection(
                Channel channel,
                PeerEvidence evidence,
                PeerAccess access,
                boolean ofMessage,
                FreshGroups groups,
                Duration deadline,
                Consumer<PeerAccessEvent> teller) {
            this.teller = teller;
            this.channel = channel;
            this.evidence = evidence;
            this.access = access;
            this.ofMessage = ofMessage;
            this.groups = groups;
            this.deadline = deadline;
        }

        /** Takes note that it was decided on more. */
        void renew(PeerEvidence newEvidence, PeerAccess newAccess) {
            evidence = newEvidence;
            access = newAccess;
            watch(newEvidence, newAccess);
        }

        /** Takes note of a message that was let in. */
        void message(PeerEvidence newEvidence, PeerAccess newAccess) {
            if (ofMessage) {
                renew(newEvidence, newAccess);
            } else {
                watch(newEvidence, newAccess);
            }
        }

        /** Has the groups looked up when the access has come to its age, if it has one. */
        private void watch(PeerEvidence of, PeerAccess given) {
            PeerPolicy policy = authorization.state().policy();
            Duration age = policy == null ? null : policy.maxAge(given.decision());
            if (age != null) {
                groups.watch(of);
                startAge(age);
            }
        }

        void end() {
            connections.remove(this);
            if (timer != null) {
                timer.cancel(false);
            }
            if (question != null) {
                question.cancel();
            }
        }

        /** Begins an age, which only a look-up ends: deciding again may shorten it, but not begin it anew. */
        private void startAge(Duration age) {
            long nanos = age.toNanos();
            if (lookingUp || (timer != null && timer.getDelay(TimeUnit.NANOSECONDS) <= nanos)) {
                return;
            }
            if (timer != null) {
                timer.cancel(false);
            }
            timer = channel.eventLoop()
                    .schedule(() -> EventLoops.execute(channel, this::lookUpGroups), nanos, TimeUnit.NANOSECONDS);
        }

        void decideAgain() {
            if (!channel.isOpen()) {
                return;
            }
            if (question != null) {
                question.cancel();
                question = null;
            }
            PeerCertificateResult certificate = Evidence.certificate(channel);
            if (certificate != null) { // TLS may have come since
                evidence = evidence.withCertificate(certificate);
            }
            PeerAccess now = authorization.decideNow(evidence, groups);
            if (now != null) {
                conclude(now);
                return;
            }
            question = new Question(authorization, evidence, groups, channel, this::conclude);
            question.ask(deadline);
        }

        private void lookUpGroups() {
            timer = null;
            Names names = authorization.names();
            List<Long> users = groups.users();
            if (!channel.isOpen() || names == null || users.isEmpty()) {
                decideAgain();
                return;
            }
            lookingUp = true;
            int[] missing = {users.size()};
            for (long uid : users) {
                lookUp(
                        names,
                        uid,
                        listed -> EventLoops.execute(channel, () -> {
                            groups.put(uid, listed);
                            if (--missing[0] == 0) {
                                lookingUp = false;
                                decideAgain();
                            }
                        }));
            }
        }

        /** Finds the groups that are known to be a user's still: none if there is no such user, or nobody to ask. */
        private void lookUp(Names names, long uid, Consumer<Set<Long>> receiver) {
            names.groupsNow(uid, channel.eventLoop())
                    .addListener((Future<Answer<Memberships>> listed) -> receiver.accept(
                            listed.isSuccess() && listed.getNow() instanceof Answer.Known<Memberships> known
                                    ? Set.copyOf(known.known().gids())
                                    : Set.of()));
        }

        /** Closes past the handlers: HTTP/2's, for one, would let the streams there are end first. */
        private void close() {
            ChannelHandlerContext first = channel.pipeline().firstContext();
            if (first == null) {
                channel.close();
            } else {
                first.close();
            }
        }

        @SuppressWarnings("ReferenceEquality") // whose decision is stored, not whether two are alike
        private void conclude(PeerAccess now) {
            question = null;
            if (!channel.isOpen()) {
                return;
            }
            PeerAccess before = access;
            access = now;
            if (!ofMessage && (PeerAccess.of(channel) == before || !now.letsIn())) { // another has decided since
                PeerAccess.store(channel, now);
            }
            if (!now.letsIn()) {
                authorization.audit().revoked(channel, evidence, now, authorization.state());
                try {
                    teller.accept(new Revoked(now));
                } finally {
                    close();
                }
                return;
            }
            authorization.audit().decided("again", channel, evidence, now, authorization.state());
            watch(evidence, now);
            if (!Objects.equals(before.decision(), now.decision())) {
                teller.accept(new Changed(now));
            }
            if (authorization.keepsOpenConnections() && authorization.generation() != now.generation()) {
                EventLoops.executeLater(channel, this::decideAgain);
            }
        }
    }
}
