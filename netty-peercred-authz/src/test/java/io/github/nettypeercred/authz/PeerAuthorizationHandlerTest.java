// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pipelines that are not as they should be, and what is told of decisions. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PeerAuthorizationHandlerTest {
    private static final PeerPolicy USERS = PeerPolicy.builder()
            .allow("users", rule -> rule.userRange(1000, 1999).grants("submit"))
            .build(null);
    private static final PeerPolicy NOBODY =
            PeerPolicy.builder().deny("everybody", rule -> rule.anyUser()).build(null);

    private final List<Object> seen = new ArrayList<>();
    private final ChannelHandler witness = new ChannelInboundHandlerAdapter() {
        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            seen.add("active");
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            seen.add(msg);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerAccessEvent event) {
                seen.add(event.getClass().getSimpleName() + ": " + event.access());
            }
        }
    };

    private EmbeddedChannel channel(long uid, ChannelHandler... handlers) throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        PretendedPeer.of(uid, 100).pid(1).on(channel);
        channel.pipeline().addLast(handlers).addLast(witness);
        channel.register();
        return channel;
    }

    private void assertClosed(EmbeddedChannel channel, String why) {
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(seen).hasSize(1);
        assertThat(seen.get(0).toString()).startsWith("Denied: denied").contains(why);
        assertThat(PeerAccess.of(channel).has("submit")).isFalse();
    }

    @Test
    void noCapture_closesTheChannel_alsoInShadowMode() throws Exception {
        assertClosed(channel(1000, new PeerAuthorizationHandler(USERS)), "there is no capture in front");
        seen.clear();
        PeerAuthorization shadow = PeerAuthorization.builder(USERS).shadow().build();
        assertClosed(channel(1000, new PeerAuthorizationHandler(shadow)), "there is no capture in front");
    }

    @Test
    void captureBehind_closesTheChannel_andSaysSo() throws Exception {
        assertClosed(
                channel(1000, new PeerAuthorizationHandler(USERS), new PeerCredentialsHandler()),
                "the capture stands behind");
    }

    @Test
    @SuppressWarnings("deprecation") // in 4.2, and it is the mistake that this is about
    void executorOfItsOwn_closesTheChannel() throws Exception {
        EventExecutorGroup group = new DefaultEventExecutorGroup(1);
        try {
            EmbeddedChannel channel = new EmbeddedChannel(false, false);
            PretendedPeer.of(1000, 100).pid(1).on(channel);
            channel.pipeline()
                    .addLast(new PeerCredentialsHandler())
                    .addLast(group, new PeerAuthorizationHandler(USERS));
            channel.register();
            for (int i = 0; i < 3000 && channel.isOpen(); i++) {
                channel.runPendingTasks();
                Thread.sleep(10);
            }
            assertThat(channel.isOpen()).isFalse();
            Deny deny = (Deny) PeerAccess.of(channel).decision();
            assertThat(deny.absence().orElseThrow().message()).contains("add it without an executor");
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void requireServer_letsInTheServerThatItNames() throws Exception {
        EmbeddedChannel client =
                channel(1001, new PeerCredentialsHandler(), PeerAuthorizationHandler.requireServer(USERS));
        assertThat(seen).containsExactly("Allowed: allowed by rule 'users', grants submit", "active");
        client.close();
    }

    @Test
    void access_isThatOfTheChannel_andOfItsChildren_andNotACopy() throws Exception {
        EmbeddedChannel channel = channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(USERS));
        assertThat(PeerAccess.of(channel).has("submit")).isTrue();
        assertThat(PeerAccess.of(channel).has("delete")).isFalse();
        EmbeddedChannel other = new EmbeddedChannel();
        AttributeKey<Object> key = AttributeKey.valueOf("io.github.nettypeercred.authz.PeerAccess");
        other.attr(key).set(channel.attr(key).get());
        assertThat(PeerAccess.of((Channel) other).has("submit")).isFalse();
        assertThat(channel.pipeline().get(PeerAuthorizationHandler.class)).isNull();
        channel.close();
        other.close();
    }

    @Test
    void shadow_letsIn_withoutGrants_andCounts() throws Exception {
        PeerAuthorization shadow = PeerAuthorization.builder(NOBODY).shadow().build();
        EmbeddedChannel channel = channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(shadow));
        assertThat(seen).containsExactly("Allowed: denied by rule 'everybody' (not enforced)", "active");
        assertThat(PeerAccess.of(channel).isAllowed()).isFalse();
        assertThat(shadow.counters().denied()).isEqualTo(1);
        assertThat(shadow.isShadow()).isTrue();
        channel.close();
    }

    @Test
    void candidate_isHeldAgainstTheOther_andChangesNothing() throws Exception {
        List<String> differences = new ArrayList<>();
        PeerAuthorization authorization = PeerAuthorization.builder(USERS)
                .candidate(NOBODY)
                .listener(new PeerAuthorizationListener() {
                    @Override
                    public void differed(PeerEvidence evidence, PeerDecision inForce, PeerDecision candidate) {
                        differences.add(inForce + " / " + candidate);
                        throw new IllegalStateException("a listener that throws changes nothing");
                    }
                })
                .build();
        channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization))
                .close();
        assertThat(differences).containsExactly("allowed by rule 'users', grants submit / denied by rule 'everybody'");
        assertThat(authorization.counters().differed()).isEqualTo(1);
        assertThat(seen).containsExactly("Allowed: allowed by rule 'users', grants submit", "active");
        authorization.replaceCandidate(USERS);
        channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization))
                .close();
        assertThat(authorization.counters().differed()).isEqualTo(1);
    }

    @Test
    void change_isToldWhilePlaying_andRevocationStopsWhatIsHeld() throws Exception {
        PeerAuthorization authorization =
                PeerAuthorization.builder(USERS).decideAgain().build();
        ChannelHandler replacing = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                authorization.replace(NOBODY);
                ctx.fireChannelRead(msg);
            }
        };
        EmbeddedChannel channel =
                channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization), replacing);
        channel.pipeline().fireChannelRead(Unpooled.EMPTY_BUFFER);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(seen).contains("Revoked: denied by rule 'everybody'");
    }

    @Test
    void missingGrant_isToldAsADenialIs() throws Exception {
        List<String> told = new ArrayList<>();
        PeerAuthorization authorization = PeerAuthorization.builder(USERS)
                .listener(new PeerAuthorizationListener() {
                    @Override
                    public void refused(Channel channel, PeerAccess access, String grant, String action) {
                        told.add(channel.id() + " " + access + ' ' + grant + ' ' + action);
                    }
                })
                .build();
        EmbeddedChannel channel =
                channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization));
        assertThat(authorization.permits(channel, "submit", "put")).isTrue();
        assertThat(told).isEmpty();
        assertThat(authorization.permits(channel, "withdraw", "take")).isFalse();
        assertThat(told).containsExactly("embedded allowed by rule 'users', grants submit withdraw take");
        assertThat(authorization.counters().refused()).isEqualTo(1);
        assertThat(authorization.counters().denied()).isZero();
    }

    @Test
    void permits_nothing_beforeTheDecision_andInShadowModeNoMoreThanRulesDo() throws Exception {
        PeerAuthorization authorization =
                PeerAuthorization.builder(NOBODY).shadow().build();
        assertThat(authorization.permits(channel(1000), "submit", "put")).isFalse();
        EmbeddedChannel channel =
                channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization));
        assertThat(channel.isOpen()).isTrue();
        assertThat(authorization.permits(channel, "submit", "put")).isFalse();
        assertThat(authorization.counters().refused()).isEqualTo(2);
    }

    @Test
    void refusalLine_isOneLineOfPrintableAscii() throws Exception {
        PeerEvidence evidence = PeerEvidence.of(MadePeer.of(1000, 100).make());
        PeerAccess access = new PeerAccess(USERS.decide(evidence), 3, true);
        assertThat(DecisionLine.refusal(
                        channel(1000), evidence, access, "withdraw", "x\"\n uid=0 \\ \u00e9" + "y".repeat(500)))
                .isEqualTo(
                        "denied what=grant uid=1000 gid=100 pid=4711 moment=CONNECT grant=\"withdraw\" rule=\"users\""
                                + " generation=3 channel=embedded action=\"x\\\"\\u000a uid=0 \\\\ \\u00e9"
                                + "y".repeat(187)
                                + '"');
    }

    @Test
    void decisions_areFlightRecorderEvents_ifARecordingAsks(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("decisions.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("io.github.nettypeercred.PeerDecision");
            recording.start();
            PeerAuthorization users = PeerAuthorization.of(USERS);
            EmbeddedChannel user = channel(1000, new PeerCredentialsHandler(), new PeerAuthorizationHandler(users));
            users.permits(user, "withdraw", "take");
            user.close();
            channel(4294967290L, new PeerCredentialsHandler(), new PeerAuthorizationHandler(NOBODY))
                    .close();
            recording.stop();
            recording.dump(file);
        }
        assertThat(Files.size(file)).isPositive();
        List<String> told = new ArrayList<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            told.add(event.getString("what")
                    + ' '
                    + event.getLong("uid")
                    + ' '
                    + event.getBoolean("allowed")
                    + ' '
                    + event.getString("rule")
                    + ' '
                    + event.getString("reason"));
        }
        assertThat(told)
                .containsExactlyInAnyOrder(
                        "decided 1000 true users null",
                        "grant 1000 false users no_grant",
                        "decided 4294967290 false everybody rule");
    }

    @Test
    void denialLine_isOneLineOfPrintableAscii() {
        PeerEvidence evidence = PeerEvidence.of(MadePeer.of(4294967290L, 100).make());
        PeerAccess access = new PeerAccess(USERS.decide(evidence), 3, true);
        assertThat(line(evidence, access))
                .isEqualTo("denied what=decided uid=4294967290 gid=100 pid=4711 moment=CONNECT reason=NO_RULE"
                        + " generation=3 why=\"denied: no rule matched; nearest: rule 'users' wants user 1000-1999,"
                        + " peer is 4294967290\"");
        PeerEvidence hostile = PeerEvidence.of(new Absence(AbsenceReason.FAILED, "x\"\n denied uid=0 \\ \u00e9"));
        assertThat(line(hostile, new PeerAccess(USERS.decide(hostile), 3, true)))
                .isEqualTo("denied what=decided reason=ABSENT generation=3 why=\"denied: the credentials are absent"
                        + " (FAILED: x\\\"\\\\u000a denied uid=0 \\\\ \\\\u00e9)\"");
    }

    private static String line(PeerEvidence evidence, PeerAccess access) {
        return DecisionLine.denial("decided", null, evidence, access, USERS);
    }

    @Test
    void lines_areLimitedAUser() {
        long[] now = {0};
        LineAllowance allowance = new LineAllowance(1024, () -> now[0]);
        for (int i = 0; i < LineAllowance.LINES; i++) {
            assertThat(allowance.take(1000)).isZero();
        }
        assertThat(allowance.take(1000)).isEqualTo(-1);
        assertThat(allowance.take(1000)).isEqualTo(-1);
        now[0] += LineAllowance.WINDOW_NANOS;
        assertThat(allowance.take(1000)).isEqualTo(2);
    }
}
