// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.sasl.ExternalEvent.Authenticated;
import io.github.nettypeercred.sasl.ExternalEvent.Failed;
import io.github.nettypeercred.sasl.ExternalEvent.Reason;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExternalServerHandlerTest {
    static final String GUID = "0123456789abcdef0123456789abcdef";
    static final String OK = "OK " + GUID + "\r\n";
    static final String REJECTED = "REJECTED EXTERNAL\r\n";
    static final String ERROR = "ERROR \"not understood here\"\r\n";

    /** "1000" */
    static final String UID = "31303030";

    static ExternalServerHandler.Builder builder() {
        return ExternalServerHandler.builder().guid(GUID);
    }

    static Conversation with(PretendedPeer peer, ExternalServerHandler handler) {
        Conversation conversation = new Conversation();
        peer.on(conversation.channel);
        return conversation.begin(PeerCredentialsHandler.builder().admitAbsent().build(), handler);
    }

    private static Conversation with(long uid) {
        return with(PretendedPeer.of(uid, 100).pid(7), builder().build());
    }

    static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(US_ASCII));
    }

    @Test
    void client_isAcceptedWithItsUidOnTheLine() {
        Conversation client = with(1000);
        assertThat(client.say("\0AUTH EXTERNAL " + UID + "\r\n")).isEqualTo(OK);
        assertThat(client.seen).isEmpty();
        assertThat(ExternalIdentity.of(client.channel)).isEmpty();
        assertThat(client.say("BEGIN\r\nmessage")).isEmpty();

        ExternalIdentity identity = client.last(Authenticated.class).identity();
        assertThat(identity.uid()).isEqualTo(1000);
        assertThat(identity.unixFds()).isFalse();
        assertThat(identity.credentials())
                .isSameAs(UnixPeerCredentials.of(client.channel).orElseThrow());
        assertThat(ExternalIdentity.of(client.channel)).containsSame(identity);
        assertThat(client.seen).hasSize(4);
        assertThat(client.seen.get(0)).isInstanceOf(PeerCredentialsEvent.Captured.class);
        assertThat(client.seen.subList(1, 4)).containsExactly("active", new Authenticated(identity), "read message");
        assertThat(client.channel.pipeline().get(ExternalServerHandler.class)).isNull();
        client.say("more");
        assertThat(client.read()).isEqualTo("messagemore");
        client.assertNothingLeaks();
    }

    @ParameterizedTest
    @ValueSource(strings = {"DATA", "DATA ", "DATA " + UID})
    void client_isAcceptedAfterData(String data) {
        Conversation client = with(1000);
        assertThat(client.say("\0AUTH EXTERNAL\r\n")).isEqualTo("DATA\r\n");
        assertThat(client.say(data + "\r\n")).isEqualTo(OK);
        client.say("BEGIN\r\n");
        assertThat(client.last(Authenticated.class).identity().uid()).isEqualTo(1000);
    }

    @Test
    void client_isAskedForDataAfterAnEmptyResponse() {
        assertThat(with(1000).say("\0AUTH EXTERNAL \r\n")).isEqualTo("DATA\r\n");
    }

    @Test
    void client_mayHaveTheLargestUid() {
        Conversation client = with(4294967294L);
        assertThat(client.say("\0AUTH EXTERNAL " + hex("4294967294") + "\r\n")).isEqualTo(OK);
        client.say("BEGIN\r\n");
        assertThat(client.last(Authenticated.class).identity().uid()).isEqualTo(4294967294L);
    }

    @Test
    void client_isRejectedWithAnotherUidAndMayTryAgain() {
        Conversation client = with(1000);
        assertThat(client.say("\0AUTH EXTERNAL " + hex("0") + "\r\n")).isEqualTo(REJECTED);
        assertThat(client.say("AUTH EXTERNAL\r\nDATA " + hex("1001") + "\r\n")).isEqualTo("DATA\r\n" + REJECTED);
        assertThat(client.say("AUTH EXTERNAL " + UID + "\r\n")).isEqualTo(OK);
        assertThat(client.isOpen()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "01000",
                "+1000",
                "-1",
                " 1000",
                "1000 ",
                "1000\n",
                "1000\0",
                "root",
                "0x3e8",
                "4294968296",
                "4294967295",
                "18446744073709552616",
                "1e3",
                "1000.0"
            })
    void identity_isADecimalUidInItsShortestForm(String identity) {
        assertThat(with(1000).say("\0AUTH EXTERNAL " + hex(identity) + "\r\n")).isEqualTo(REJECTED);
        assertThat(with(1000).say("\0AUTH EXTERNAL\r\nDATA " + hex(identity) + "\r\n"))
                .isEqualTo("DATA\r\n" + REJECTED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1000", "3", "3130303", "3130303g", UID + " ", " " + UID, UID + " " + UID})
    void identity_isInHexadecimalDigits(String digits) {
        assertThat(with(1000).say("\0AUTH EXTERNAL " + digits + "\r\n")).isEqualTo(REJECTED);
    }

    @Test
    void absentCredentials_areNeverAccepted() {
        Absence absence = new Absence(AbsenceReason.UNMAPPED, "of the test");
        Conversation client =
                with(PretendedPeer.absent(absence), builder().maxFailures(99).build());
        assertThat(client.say("\0AUTH EXTERNAL\r\nDATA\r\n")).isEqualTo("DATA\r\n" + REJECTED);
        for (String uid : new String[] {"0", "65534", "4294967295", "-1", ""}) {
            client.say("AUTH EXTERNAL " + hex(uid) + "\r\nCANCEL\r\n");
            client.say("AUTH EXTERNAL\r\nDATA " + hex(uid) + "\r\nCANCEL\r\n");
        }
        client.say("BEGIN\r\n");
        assertThat(client.isOpen()).isFalse();
        assertThat(client.has(Authenticated.class)).isFalse();
        assertThat(ExternalIdentity.of(client.channel)).isEmpty();
    }

    @Test
    void credentials_thatNobodyCaptured_areNotAccepted() {
        Conversation client = new Conversation();
        PretendedPeer.of(1000, 100).on(client.channel);
        client.begin(builder().build());
        assertThat(client.say("\0AUTH EXTERNAL\r\nDATA\r\n")).isEqualTo("DATA\r\n" + REJECTED);
    }

    @Test
    void credentials_ofAnotherMoment_areNotAccepted() {
        PretendedPeer peer = PretendedPeer.of(1000, 100);
        String claim = "\0AUTH EXTERNAL " + UID + "\r\n";
        assertThat(with(peer, builder().moment(Moment.FIRST_READ).build()).say(claim))
                .isEqualTo(REJECTED);
        assertThat(with(peer, builder().moment(Moment.CONNECT).build()).say(claim))
                .isEqualTo(REJECTED);
        assertThat(with(peer, builder().moment(Moment.SETUP).build()).say(claim))
                .isEqualTo(OK);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"AUTH", "AUTH ", "AUTH ANONYMOUS 00", "AUTH DBUS_COOKIE_SHA1", "AUTH external", "AUTH EXTERNALS"
            })
    void mechanism_otherThanExternal_isRejected(String line) {
        Conversation client = with(1000);
        assertThat(client.say("\0" + line + "\r\n")).isEqualTo(REJECTED);
        assertThat(client.say("AUTH EXTERNAL " + UID + "\r\n")).isEqualTo(OK);
    }

    @Test
    void cancel_goesBackToTheStart() {
        Conversation client = with(1000);
        assertThat(client.say("\0CANCEL\r\n")).isEqualTo(ERROR);
        assertThat(client.say("AUTH EXTERNAL\r\nCANCEL\r\n")).isEqualTo("DATA\r\n" + REJECTED);
        assertThat(client.say("DATA\r\n")).isEqualTo(ERROR);
        assertThat(client.say("AUTH EXTERNAL " + UID + "\r\nCANCEL\r\n")).isEqualTo(OK + REJECTED);
        client.say("BEGIN\r\n");
        assertThat(client.isOpen()).isFalse();
        assertThat(client.last(Failed.class).reason()).isEqualTo(Reason.PROTOCOL);
    }

    @Test
    void error_ofTheClient_isAnsweredRejected() {
        Conversation client = with(1000);
        assertThat(client.say("\0ERROR\r\n")).isEqualTo(REJECTED);
        assertThat(client.say("AUTH EXTERNAL\r\nERROR \"no\"\r\n")).isEqualTo("DATA\r\n" + REJECTED);
        assertThat(client.say("AUTH EXTERNAL " + UID + "\r\nERROR\r\n")).isEqualTo(OK + REJECTED);
    }

    @Test
    void unixFds_areNotAgreedToUnlessToldTo() {
        Conversation client = with(1000);
        assertThat(client.say("\0AUTH EXTERNAL " + UID + "\r\nNEGOTIATE_UNIX_FD\r\n"))
                .isEqualTo(OK + ERROR);
        client.say("BEGIN\r\n");
        assertThat(client.last(Authenticated.class).identity().unixFds()).isFalse();
    }

    @Test
    void unixFds_areAgreedToOnceWhereToldTo() {
        Conversation client =
                with(PretendedPeer.of(1000, 100), builder().agreeToUnixFds().build());
        assertThat(client.say("\0NEGOTIATE_UNIX_FD\r\n")).isEqualTo(ERROR);
        assertThat(client.say("AUTH EXTERNAL " + UID + "\r\nNEGOTIATE_UNIX_FD\r\nNEGOTIATE_UNIX_FD\r\n"))
                .isEqualTo(OK + "AGREE_UNIX_FD\r\n" + ERROR);
        client.say("BEGIN\r\n");
        assertThat(client.last(Authenticated.class).identity().unixFds()).isTrue();
    }

    @Test
    void unixFds_areForgottenByCancel() {
        Conversation client =
                with(PretendedPeer.of(1000, 100), builder().agreeToUnixFds().build());
        client.say("\0AUTH EXTERNAL " + UID + "\r\nNEGOTIATE_UNIX_FD\r\nCANCEL\r\n");
        client.say("AUTH EXTERNAL " + UID + "\r\nBEGIN\r\n");
        assertThat(client.last(Authenticated.class).identity().unixFds()).isFalse();
    }

    @Test
    void everythingAtOnce_asBusctlSendsIt() {
        Conversation client = with(1000);
        assertThat(client.say("\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\1\0\1\r\nAUTH\r\n"))
                .isEqualTo("DATA\r\n" + OK + ERROR);
        assertThat(client.read()).isEqualTo("l\1\0\1\r\nAUTH\r\n");
        client.assertNothingLeaks();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\0BEGIN\r\n",
                "\0AUTH EXTERNAL\r\nBEGIN\r\n",
                "\0AUTH EXTERNAL 30\r\nBEGIN\r\n",
                "\0AUTH EXTERNAL " + UID + "\r\nBEGIN now\r\n",
                "AUTH EXTERNAL " + UID + "\r\n",
                "\1\0",
                "\r\n"
            })
    void channel_isClosedAtOnce(String bytes) {
        Conversation client = with(1000);
        client.say(bytes + "never read");
        assertThat(client.isOpen()).isFalse();
        assertThat(client.last(Failed.class).reason()).isEqualTo(Reason.PROTOCOL);
        assertThat(client.has(Authenticated.class)).isFalse();
        assertThat(client.seen).doesNotContain("active", "inactive");
        assertThat(client.read()).isEmpty();
        client.assertNothingLeaks();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "AUTH EXTERNAL\n",
                "AUTH\0EXTERNAL",
                "AUTH\tEXTERNAL",
                "\rAUTH EXTERNAL",
                "AUTH\u00e9",
                "auth external",
                " AUTH",
                ""
            })
    void line_thatIsNone_isAnErrorAndNoMore(String line) {
        Conversation client = with(1000);
        assertThat(client.say("\0" + line + "\r\n")).startsWith("ERROR ").endsWith("\r\n");
        assertThat(client.say("AUTH EXTERNAL " + UID + "\r\n")).isEqualTo(OK);
    }

    @Test
    void line_mayBeAsLongAsTheLimit() {
        ExternalServerHandler.Builder limited = builder().maxLineLength(64);
        Conversation client = with(PretendedPeer.of(1000, 100), limited.build());
        assertThat(client.say("\0" + "x".repeat(64) + "\r\n")).isEqualTo(ERROR);
        assertThat(client.say("x".repeat(64))).isEmpty();
        assertThat(client.isOpen()).isTrue();
        client.say("x");
        assertThat(client.isOpen()).isFalse();
        assertThat(client.last(Failed.class).message()).isEqualTo("the peer's line is too long");

        Conversation other = with(PretendedPeer.of(1000, 100), limited.build());
        other.say("\0" + "x".repeat(65) + "\r");
        assertThat(other.isOpen()).isFalse();
    }

    @Test
    void failures_areCounted() {
        Conversation client = with(
                PretendedPeer.of(1000, 100).pid(7), builder().maxFailures(3).build());
        assertThat(client.say("\0AUTH\r\nwhat\r\n")).isEqualTo(REJECTED + ERROR);
        assertThat(client.isOpen()).isTrue();
        assertThat(client.say("AUTH EXTERNAL 30\r\nAUTH EXTERNAL " + UID + "\r\nBEGIN\r\n"))
                .isEqualTo(REJECTED);
        assertThat(client.isOpen()).isFalse();
        assertThat(client.last(Failed.class))
                .isEqualTo(new Failed(
                        Reason.REJECTED,
                        "answered REJECTED or ERROR 3 times; the last rejection: claimed uid 0, uid=1000 gid=100 pid=7"
                                + " source=SO_PEERCRED/SETUP/EFFECTIVE"));
    }

    @Test
    void deadline_closesASlowClient() {
        Conversation client = with(
                PretendedPeer.of(1000, 100),
                builder().deadline(Duration.ofSeconds(5)).build());
        client.say("\0AUTH EXTERNAL " + UID + "\r\n");
        client.channel.advanceTimeBy(4999, TimeUnit.MILLISECONDS);
        client.channel.runScheduledPendingTasks();
        assertThat(client.isOpen()).isTrue();
        client.channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
        client.channel.runScheduledPendingTasks();
        assertThat(client.isOpen()).isFalse();
        assertThat(client.last(Failed.class)).isEqualTo(new Failed(Reason.TIMED_OUT, "not done within PT5S"));
    }

    @Test
    void deadline_isOverAfterBegin() {
        Conversation client = with(1000);
        client.say("\0AUTH EXTERNAL " + UID + "\r\nBEGIN\r\n");
        client.channel.advanceTimeBy(1, TimeUnit.HOURS);
        client.channel.runScheduledPendingTasks();
        assertThat(client.isOpen()).isTrue();
    }

    @Test
    void deadline_closesAlsoAChannelThatTakesNoLastWords() {
        Conversation client = new Conversation();
        client.begin(
                new ChannelOutboundHandlerAdapter() {
                    @Override
                    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
                        ((ByteBuf) msg).release(); // and the promise is never kept
                    }
                },
                builder().maxFailures(1).build());
        client.say("\0AUTH\r\n");
        assertThat(client.isOpen()).isTrue();
        ChannelFuture late = client.channel.writeAndFlush(Unpooled.copiedBuffer("late", US_ASCII));
        assertThat(late.cause()).isInstanceOf(IOException.class);
        client.channel.advanceTimeBy(30, TimeUnit.SECONDS);
        client.channel.runScheduledPendingTasks();
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void streamEnd_isAFailure() {
        Conversation closed = with(1000);
        closed.say("\0AUTH EXTERNAL 30\r\n");
        closed.channel.close();
        closed.channel.runPendingTasks();
        assertThat(closed.last(Failed.class).reason()).isEqualTo(Reason.CLOSED);
        assertThat(closed.last(Failed.class).message())
                .startsWith("the channel was closed; the last rejection: claimed uid 0, uid=1000");
        assertThat(closed.seen).doesNotContain("active", "inactive");

        Conversation half = with(1000);
        half.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        assertThat(half.last(Failed.class)).isEqualTo(new Failed(Reason.CLOSED, "the stream ended"));
        assertThat(half.isOpen()).isFalse();
    }

    @Test
    void writes_areHeldUntilBegin() {
        Conversation client = with(1000);
        ChannelFuture first = client.channel.write(Unpooled.copiedBuffer("first ", US_ASCII));
        first.addListener(done -> client.channel.writeAndFlush(Unpooled.copiedBuffer("third", US_ASCII)));
        ChannelFuture second = client.channel.writeAndFlush(Unpooled.copiedBuffer("second ", US_ASCII));
        assertThat(client.say("\0AUTH EXTERNAL " + UID + "\r\n")).isEqualTo(OK);
        assertThat(first.isDone()).isFalse();
        assertThat(client.say("BEGIN\r\n")).isEqualTo("first second third");
        assertThat(second.isSuccess()).isTrue();
    }

    @Test
    void writes_failWithTheAuthentication() {
        Conversation client = with(1000);
        ByteBuf held = Unpooled.copiedBuffer("held", US_ASCII);
        ChannelFuture before = client.channel.writeAndFlush(held);
        client.say("\0BEGIN\r\n");
        ByteBuf late = Unpooled.copiedBuffer("late", US_ASCII);
        ChannelFuture after = client.channel.writeAndFlush(late);
        assertThat(client.answers()).isEmpty();
        assertThat(before.cause()).isInstanceOf(IOException.class).hasMessage("not authenticated: BEGIN out of turn");
        assertThat(after.isSuccess()).isFalse();
        assertThat(held.refCnt() + late.refCnt()).isZero();
    }

    @Test
    void refusal_ofAHandlerInFront_isHeardAtOnce() {
        Conversation client = new Conversation();
        PretendedPeer.absent(new Absence(AbsenceReason.UNMAPPED, "of the test")).on(client.channel);
        client.begin(new PeerCredentialsHandler(), builder().build());
        assertThat(client.seen.get(0)).isInstanceOf(PeerCredentialsEvent.Refused.class);
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void message_thatIsNoByteBuf_isRefused() {
        Conversation client = with(1000);
        client.channel.writeInbound("a string");
        assertThat(client.isOpen()).isFalse();
        assertThat(client.last(Failed.class).reason()).isEqualTo(Reason.MISPLACED);
    }

    @Test
    void handler_thatIsRemoved_closes() {
        Conversation client = with(1000);
        ChannelFuture write = client.channel.writeAndFlush(Unpooled.copiedBuffer("held", US_ASCII));
        client.channel.pipeline().remove(ExternalServerHandler.class);
        assertThat(client.isOpen()).isFalse();
        assertThat(write.isSuccess()).isFalse();
        assertThat(client.answers()).isEmpty();
    }

    @Test
    void handler_addedToAnActiveChannel_works() {
        EmbeddedChannel channel = new EmbeddedChannel();
        PretendedPeer.of(1000, 100).on(channel);
        channel.pipeline().addLast(new PeerCredentialsHandler(), builder().build());
        channel.runPendingTasks();
        channel.writeInbound(Unpooled.copiedBuffer("\0AUTH EXTERNAL " + UID + "\r\nBEGIN\r\n", US_ASCII));
        assertThat(ExternalIdentity.of(channel)).isPresent();
        channel.finishAndReleaseAll();
    }

    @Test
    @SuppressWarnings("deprecation") // Netty still has it, so it may come to that
    void handler_onAnotherExecutor_refuses() {
        DefaultEventExecutorGroup other = new DefaultEventExecutorGroup(1);
        try {
            EmbeddedChannel channel = new EmbeddedChannel();
            PretendedPeer.of(1000, 100).on(channel);
            channel.pipeline().addLast(new PeerCredentialsHandler());
            channel.pipeline().addLast(other, builder().build());
            while (channel.isOpen()) {
                channel.runPendingTasks();
                Thread.onSpinWait();
            }
            assertThat(ExternalIdentity.of(channel)).isEmpty();
        } finally {
            other.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void channelWithoutAutoRead_isReadUntilBeginAndThenAsAsked() {
        int[] reads = {0};
        Conversation client = new Conversation();
        PretendedPeer.of(1000, 100).on(client.channel);
        client.channel.config().setAutoRead(false);
        client.begin(
                new ChannelOutboundHandlerAdapter() {
                    @Override
                    public void read(ChannelHandlerContext ctx) {
                        reads[0]++;
                        ctx.read();
                    }
                },
                new PeerCredentialsHandler(),
                builder().build());
        assertThat(reads[0]).isEqualTo(1);
        client.say("\0AUTH EXTERNAL " + UID + "\r\n");
        assertThat(reads[0]).isEqualTo(2);
        client.say("BEGIN\r\n");
        assertThat(reads[0]).isEqualTo(2); // nobody behind asked
    }

    @Test
    void identity_isOfItsChannelAlone() {
        Conversation client = with(1000);
        client.say("\0AUTH EXTERNAL " + UID + "\r\nBEGIN\r\n");
        AttributeKey<Object> key = AttributeKey.valueOf("io.github.nettypeercred.sasl.ExternalIdentity");
        EmbeddedChannel other = new EmbeddedChannel();
        other.attr(key).set(client.channel.attr(key).get());
        assertThat(ExternalIdentity.of(other)).isEmpty();
        other.attr(key).set("somebody");
        assertThat(ExternalIdentity.of(other)).isEmpty();
        other.finishAndReleaseAll();
    }

    @Test
    void builder_checksItsOptions() {
        assertThatThrownBy(() -> builder().guid("0123")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().maxLineLength(63)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().maxFailures(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().deadline(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ExternalClientHandler.builder().uid(4294967295L))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
