// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.authz.names.MadeNames;
import io.github.nettypeercred.authz.names.Names;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of those who are let in by a group, when the account database lists them in it no more. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MaxAgeTest {
    private static final PeerPolicy POLICY = PeerPolicy.builder()
            .allow("operators", rule -> rule.group(27).maxAge(60).grants("all"))
            .allow("users", rule -> rule.userRange(1000, 1999).grants("submit"))
            .build(null);
    private static final PeerPolicy PRIMARY = PeerPolicy.builder()
            .allow("operators", rule -> rule.primaryGroup(27)
                    .moment(Moment.EVERY_READ)
                    .senderMayDiffer()
                    .maxAge(60)
                    .grants("all"))
            .allow("users", rule -> rule.userRange(1000, 1999)
                    .moment(Moment.EVERY_READ)
                    .senderMayDiffer()
                    .grants("submit"))
            .build(null);

    private final ExecutorService threads = Executors.newSingleThreadExecutor();
    private final AtomicLong now = new AtomicLong();
    private final MadeAccounts accounts = new MadeAccounts();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private PeerAuthorization.Builder authorization(PeerPolicy policy) {
        return PeerAuthorization.builder(policy).names(MadeNames.of(Names.builder(threads), accounts, now::get));
    }

    private static void until(EmbeddedChannel channel, BooleanSupplier holds) throws InterruptedException {
        for (int i = 0; i < 3000 && !holds.getAsBoolean(); i++) {
            channel.runPendingTasks();
            Thread.sleep(10);
        }
        assertThat(holds.getAsBoolean()).isTrue();
    }

    private static void pass(EmbeddedChannel channel, long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    private static void read(SharedStream stream, long uid, long gid) throws ReflectiveOperationException {
        stream.read(MadePeer.of(uid, gid).at(Moment.EVERY_READ).make());
    }

    @Test
    void groupLost_isLostToMessagesToo() throws Exception {
        SharedStream stream = new SharedStream(
                PretendedPeer.of(1000, 100).pid(1).groups(27),
                new PeerAuthorizationHandler(authorization(POLICY).build()));
        accounts.members.put("alice", List.of(100L));
        PeerCredentialsResult sender =
                MadePeer.of(1000, 100).at(Moment.EVERY_READ).make();
        stream.read(sender);
        assertThat(stream.seen)
                .containsExactly(
                        "Allowed: allowed by rule 'operators', grants all",
                        "read: allowed by rule 'operators', grants all");
        pass(stream.channel, 60);
        until(stream.channel, () -> stream.seen.size() == 3);
        stream.read(sender);
        assertThat(stream.seen.subList(2, 4))
                .containsExactly(
                        "Changed: allowed by rule 'users', grants submit",
                        "read: allowed by rule 'users', grants submit");
        stream.channel.close();
    }

    @Test
    void groupLost_ofOneSender_isNotLostToTheOther() throws Exception {
        SharedStream stream = new SharedStream(
                PretendedPeer.of(1000, 100).pid(1),
                new PeerAuthorizationHandler(authorization(PRIMARY).build()));
        accounts.members.put("alice", List.of(100L));
        accounts.members.put("bob", List.of(27L));
        read(stream, 1000, 27);
        read(stream, 1001, 27);
        pass(stream.channel, 60);
        until(stream.channel, () -> {
            try {
                read(stream, 1000, 27);
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("no envelope", e);
            }
            return stream.seen.get(stream.seen.size() - 1).equals("read: allowed by rule 'users', grants submit");
        });
        read(stream, 1001, 27);
        assertThat(stream.seen).last().isEqualTo("read: allowed by rule 'operators', grants all");
        assertThat(stream.channel.isOpen()).isTrue();
        stream.channel.close();
    }

    /** A connection whose peer has the attested group 27, without messages of several senders. */
    private EmbeddedChannel operator(PeerAuthorization authorization) throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        PretendedPeer.of(1000, 100).pid(1).groups(27).on(channel);
        channel.pipeline()
                .addLast(
                        PeerCredentialsHandler.builder().groups().build(), new PeerAuthorizationHandler(authorization));
        channel.register();
        channel.freezeTime();
        assertThat(PeerAccess.of(channel).has("all")).isTrue();
        return channel;
    }

    @Test
    void age_isNotBegunAnewByReloads() throws Exception {
        PeerAuthorization authorization = authorization(POLICY).decideAgain().build();
        EmbeddedChannel channel = operator(authorization);
        accounts.members.put("alice", List.of(100L));
        for (int i = 0; i < 3; i++) {
            pass(channel, 25);
            authorization.replace(POLICY);
            channel.runPendingTasks();
        }
        until(channel, () -> !PeerAccess.of(channel).has("all"));
        channel.close();
    }

    @Test
    void age_isBegunAnewByALookUp_andTheCacheIsPassed() throws Exception {
        PeerAuthorization authorization = authorization(POLICY).build();
        EmbeddedChannel channel = operator(authorization);
        accounts.members.put("alice", List.of(27L));
        pass(channel, 60);
        until(channel, () -> authorization.counters().allowed() == 2);
        now.addAndGet(TimeUnit.SECONDS.toNanos(2)); // look-ups are shared for one
        accounts.members.put("alice", List.of(100L));
        pass(channel, 59);
        assertThat(accounts.asked).hasValue(1);
        pass(channel, 1);
        until(channel, () -> !PeerAccess.of(channel).has("all"));
        channel.close();
    }
}
