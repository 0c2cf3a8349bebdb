// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that are let in by what is sent over them: what takes access away reaches them too. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedStreamTest {
    private static final PeerPolicy SENDERS = PeerPolicy.builder()
            .allow(
                    "users",
                    rule -> rule.userRange(1000, 1001).moment(Moment.EVERY_READ).senderMayDiffer())
            .build(null);
    private static final PeerPolicy FIRST_ALONE = PeerPolicy.builder()
            .allow("users", rule -> rule.user(1000).moment(Moment.EVERY_READ).senderMayDiffer())
            .build(null);
    private static final PretendedPeer PEER = PretendedPeer.of(1000, 100).pid(1);

    private static PeerCredentialsResult sender(long uid) {
        return MadePeer.of(uid, 100).at(Moment.EVERY_READ).make();
    }

    @Test
    void reload_revokesWhoWasLetInByAMessage() throws Exception {
        PeerAuthorization authorization =
                PeerAuthorization.builder(SENDERS).decideAgain().build();
        SharedStream stream = new SharedStream(PEER, new PeerAuthorizationHandler(authorization));
        stream.read(sender(1000));
        assertThat(stream.seen).containsExactly("Allowed: allowed by rule 'users'", "read: allowed by rule 'users'");
        assertThat(PeerAccess.of(stream.channel)).isSameAs(PeerAccess.NONE);
        authorization.replace(SENDERS);
        stream.channel.runPendingTasks();
        assertThat(stream.channel.isOpen()).isTrue();
        assertThat(PeerAccess.of(stream.channel)).isSameAs(PeerAccess.NONE);
        authorization.replace(
                PeerPolicy.builder().deny("nobody", rule -> rule.anyUser()).build(null));
        stream.channel.runPendingTasks();
        assertThat(stream.seen).last().isEqualTo("Revoked: denied by rule 'nobody'");
        assertThat(stream.channel.isOpen()).isFalse();
        assertThat(stream.channel.writeAndFlush(Unpooled.EMPTY_BUFFER).isSuccess())
                .isFalse();
        assertThat(PeerAccess.of(stream.channel)).isSameAs(PeerAccess.NONE);
        assertThat(authorization.open().size()).isZero();
    }

    @Test
    void reload_isHeldAgainstWhoSentLast() throws Exception {
        PeerAuthorization authorization =
                PeerAuthorization.builder(SENDERS).decideAgain().build();
        SharedStream first = new SharedStream(PEER, new PeerAuthorizationHandler(authorization));
        SharedStream second = new SharedStream(PEER, new PeerAuthorizationHandler(authorization));
        first.read(sender(1001));
        first.read(sender(1000));
        second.read(sender(1000));
        second.read(sender(1001));
        authorization.replace(FIRST_ALONE);
        first.channel.runPendingTasks();
        second.channel.runPendingTasks();
        assertThat(first.channel.isOpen()).isTrue();
        assertThat(second.channel.isOpen()).isFalse();
        first.channel.close();
        assertThat(authorization.open().size()).isZero();
    }
}
