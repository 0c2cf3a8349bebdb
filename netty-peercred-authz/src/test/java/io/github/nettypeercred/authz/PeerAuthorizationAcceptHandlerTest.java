// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Whom a policy lets in at accept, and what becomes of them when it changes. */
class PeerAuthorizationAcceptHandlerTest {
    private static final PeerPolicy USERS = PeerPolicy.builder()
            .allow("users", rule -> rule.user(1000).grants("submit"))
            .allow("operators", rule -> rule.group(27))
            .build(null);

    /** What the acceptor behind gets. */
    private final List<Object> accepted = new ArrayList<>();

    private final List<Throwable> escaped = new ArrayList<>();

    private EmbeddedChannel server(PeerAuthorization authorization) {
        return new EmbeddedChannel(
                PeerCredentialsAcceptHandler.builder().groups().admitAbsent().build(),
                new PeerAuthorizationAcceptHandler(authorization),
                acceptor());
    }

    private ChannelInboundHandlerAdapter acceptor() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                accepted.add(msg);
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                escaped.add(cause);
            }
        };
    }

    private static PretendedPeer peer(long uid) {
        return PretendedPeer.of(uid, 100).pid(4711);
    }

    /** Offers a connection and registers it if it is let in. */
    private Optional<EmbeddedChannel> offer(EmbeddedChannel server, PretendedPeer peer) throws Exception {
        EmbeddedChannel child = new EmbeddedChannel(false, false);
        peer.on(child);
        accepted.clear();
        server.pipeline().fireChannelRead(child);
        assertThat(escaped).isEmpty();
        if (accepted.isEmpty()) {
            assertThat(child.isOpen()).isFalse();
            return Optional.empty();
        }
        assertThat(accepted).containsExactly(child);
        child.register();
        return Optional.of(child);
    }

    private static PeerAuthorization atAccept(PeerPolicy policy) {
        return PeerAuthorization.builder(policy).decideAgain().atAccept().build();
    }

    @Test
    void peer_isDecidedAboutOnce_andLeftWithoutAHandler() throws Exception {
        PeerAuthorization authorization = atAccept(USERS);
        EmbeddedChannel server = server(authorization);
        EmbeddedChannel child = offer(server, peer(1000)).orElseThrow();
        assertThat(PeerAccess.of(child).has("submit")).isTrue();
        assertThat(child.pipeline().names()).hasSize(1); // the tail
        assertThat(offer(server, peer(1001))).isEmpty();
        assertThat(offer(server, peer(1001).groups(27))).isPresent();
        assertThat(authorization.counters().allowed()).isEqualTo(2);
        assertThat(authorization.counters().denied()).isEqualTo(1);
        assertThat(authorization.counters().denied(Reason.NO_RULE)).isEqualTo(1);
        assertThat(authorization.counters().denied(Reason.RULE)).isZero();
    }

    @Test
    void absentPeer_isDeniedAndTold_andNeverThroughShadowMode() throws Exception {
        PeerAuthorization authorization = atAccept(USERS);
        PretendedPeer absent = PretendedPeer.absent(new Absence(AbsenceReason.NOT_CONNECTED, "a test"));
        assertThat(offer(server(authorization), absent)).isEmpty();
        assertThat(authorization.counters().denied(Reason.ABSENT)).isEqualTo(1);
    }

    @Test
    void connectionThatNobodyCaptured_isDenied_inShadowModeToo() {
        PeerAuthorization authorization =
                PeerAuthorization.builder(USERS).shadow().atAccept().build();
        EmbeddedChannel server = new EmbeddedChannel(new PeerAuthorizationAcceptHandler(authorization), acceptor());
        EmbeddedChannel child = new EmbeddedChannel(false, false);
        server.pipeline().fireChannelRead(child);
        assertThat(accepted).isEmpty();
        assertThat(child.isOpen()).isFalse();
        assertThat(PeerAccess.of(child).toString()).contains("put a PeerCredentialsAcceptHandler there");
        assertThat(escaped).isEmpty();
    }

    @Test
    void shadowMode_letsADeniedPeerIn_andCountsIt() throws Exception {
        PeerAuthorization authorization =
                PeerAuthorization.builder(USERS).shadow().atAccept().build();
        assertThat(offer(server(authorization), peer(1001))).isPresent();
        assertThat(authorization.counters().denied()).isEqualTo(1);
    }

    @Test
    void openConnections_areDecidedAboutAgain_withoutAnEventInTheirPipelines() throws Exception {
        PeerAuthorization authorization = atAccept(USERS);
        EmbeddedChannel server = server(authorization);
        EmbeddedChannel lost = offer(server, peer(1000)).orElseThrow();
        EmbeddedChannel stays = offer(server, peer(1001).groups(27)).orElseThrow();
        List<Object> events = new ArrayList<>();
        lost.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                events.add(evt);
            }
        });
        authorization.replace(PeerPolicy.builder()
                .allow("operators", rule -> rule.group(27).grants("more"))
                .build(null));
        lost.runPendingTasks();
        stays.runPendingTasks();
        assertThat(lost.isOpen()).isFalse();
        assertThat(stays.isOpen()).isTrue();
        assertThat(PeerAccess.of(stays).has("more")).isTrue();
        assertThat(events).isEmpty();
        assertThat(authorization.counters().revoked()).isEqualTo(1);
        assertThat(authorization.open().size()).isEqualTo(1);
        stays.close();
        stays.runPendingTasks();
        assertThat(authorization.open().size()).isZero();
    }

    @Test
    void connectionThatIsNeverRegistered_isNotKept() throws Exception {
        PeerAuthorization authorization = atAccept(USERS);
        EmbeddedChannel child = new EmbeddedChannel(false, false);
        peer(1000).on(child);
        server(authorization).pipeline().fireChannelRead(child);
        assertThat(accepted).containsExactly(child);
        child.unsafe().closeForcibly();
        assertThat(authorization.open().size()).isZero();
    }

    @Test
    void policyThatCannotBeHeldAtAccept_isRefused_whereverItComesFrom() {
        List<PeerPolicy> odd = List.of(
                PeerPolicy.builder()
                        .deny("odd", rule -> rule.executable("/usr/bin/python3"))
                        .build(null),
                PeerPolicy.builder()
                        .deny("odd", rule -> rule.user(1).moment(Moment.EVERY_READ))
                        .build(null),
                PeerPolicy.builder()
                        .allow("odd", rule -> rule.spiffeId("spiffe://example.org/agent"))
                        .build(null));
        PeerAuthorization authorization = atAccept(USERS);
        for (PeerPolicy policy : odd) {
            assertThatThrownBy(() -> atAccept(policy))
                    .isInstanceOf(PolicyException.class)
                    .hasMessageContaining("rule \"odd\" wants to know ");
            assertThatThrownBy(() -> authorization.replace(policy)).isInstanceOf(PolicyException.class);
            assertThat(authorization.reload("peers.toml", () -> policy)).isInstanceOf(PolicyReload.Kept.class);
        }
        assertThat(authorization.generation()).isEqualTo(1);
    }

    @Test
    void authorizationOfAnotherKind_isRefused() {
        assertThatThrownBy(() -> new PeerAuthorizationAcceptHandler(PeerAuthorization.of(USERS)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("atAccept()");
        PeerAuthorizer never = (evidence, executor) -> {
            throw new AssertionError();
        };
        assertThatThrownBy(() -> PeerAuthorization.builder(never).atAccept().build())
                .isInstanceOf(IllegalStateException.class);
    }

    /** As HTTP/2's handlers do, until the streams there are have ended. */
    private static final class Reluctant extends ChannelOutboundHandlerAdapter {
        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            promise.setSuccess();
        }
    }

    @Test
    void revoked_isClosed_whateverHandlersMakeOfAClose() throws Exception {
        PeerAuthorization authorization = atAccept(USERS);
        EmbeddedChannel child = offer(server(authorization), peer(1000)).orElseThrow();
        child.pipeline().addLast(new Reluctant());
        authorization.replace(
                PeerPolicy.builder().allow("operators", rule -> rule.user(0)).build(null));
        child.runPendingTasks();
        assertThat(child.isOpen()).isFalse();
    }

    @Test
    void decisionOfAnother_isLeftAlone_untilAccessIsLost() throws Exception {
        PeerAuthorization guard = atAccept(USERS);
        PeerAuthorization application = PeerAuthorization.of(PeerPolicy.builder()
                .allow("users", rule -> rule.user(1000).grants("cancel"))
                .build(null));
        EmbeddedChannel child = offer(server(guard), peer(1000)).orElseThrow();
        child.pipeline().addLast(new PeerCredentialsHandler(), new PeerAuthorizationHandler(application));
        child.runPendingTasks();
        assertThat(PeerAccess.of(child).grants()).containsExactly("cancel");
        guard.replace(PeerPolicy.builder()
                .allow("users", rule -> rule.user(1000).grants("submit", "purge"))
                .build(null));
        child.runPendingTasks();
        assertThat(PeerAccess.of(child).grants()).containsExactly("cancel");
        guard.replace(
                PeerPolicy.builder().allow("operators", rule -> rule.user(0)).build(null));
        child.runPendingTasks();
        assertThat(PeerAccess.of(child).isAllowed()).isFalse();
        assertThat(child.isOpen()).isFalse();
    }
}
