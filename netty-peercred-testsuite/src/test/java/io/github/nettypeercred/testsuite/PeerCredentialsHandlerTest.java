// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.AttributeKey;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the handler does with events, on a channel that needs no socket. */
@Tag("netty-4.1")
class PeerCredentialsHandlerTest {
    private static final PretendedPeer PEER = PretendedPeer.of(1000, 100).pid(7);
    private static final PretendedPeer ABSENT =
            PretendedPeer.absent(new Absence(AbsenceReason.NOT_CONNECTED, "a test"));

    private final Recorder recorder = new Recorder();
    private final PeerCredentialsHandler handler = new PeerCredentialsHandler();

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    private static @Nullable AbsenceReason reason(Channel channel) {
        return UnixPeerCredentials.of(channel).absence().map(Absence::reason).orElse(null);
    }

    private static @Nullable AbsenceReason reason(Answer<?> answer) {
        return answer.absence().map(Absence::reason).orElse(null);
    }

    private static EmbeddedChannel activeChannel(PretendedPeer peer) {
        EmbeddedChannel channel = new EmbeddedChannel();
        peer.on(channel);
        return channel;
    }

    private static boolean hasHandler(Channel channel) {
        return channel.pipeline().get(PeerCredentialsHandler.class) != null;
    }

    @Test
    void active_ofKnownPeer_isStoredAnnouncedPassedOnAndLeft() {
        List<String> states = new ArrayList<>();
        recorder.at("Captured", ctx -> {
            assertThat(UnixPeerCredentials.of(ctx.channel())).isSameAs(recorder.announced());
            states.add("event " + hasHandler(ctx.channel()));
        });
        recorder.at("active", ctx -> states.add("active " + hasHandler(ctx.channel())));
        ConnectableChannel channel = ConnectableChannel.with(PEER, handler, recorder);
        assertThat(reason(channel)).isEqualTo(AbsenceReason.NOT_CAPTURED);

        channel.connect();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active");
        assertThat(states).containsExactly("event true", "active true");
        assertThat(hasHandler(channel)).isFalse();
        UnixPeerCredentials peer = UnixPeerCredentials.of(channel).orElseThrow();
        assertThat(peer.gid()).isEqualTo(100);
        assertThat(peer.pid()).hasValue(7);

        channel.writeInbound(bytes("x"));
        channel.close();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active", "read x", "complete", "inactive");
    }

    @Test
    void eventsBeforeActive_passWithoutAnnouncement() {
        ConnectableChannel channel = ConnectableChannel.with(PEER, handler, recorder);
        channel.pipeline().fireUserEventTriggered("early");
        channel.pipeline().fireChannelReadComplete();
        channel.pipeline().fireChannelWritabilityChanged();
        channel.pipeline().fireExceptionCaught(new IllegalStateException("early"));
        channel.connect();
        assertThat(recorder.seen())
                .containsExactly(
                        "event early", "complete", "writability", "exception early", "Captured 1000", "active");
    }

    @Test
    void handler_addedByAnInitializerOnAnActiveChannel_announcesOnceBeforeActive() throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        PEER.on(channel);
        channel.pipeline().addLast(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel ch) {
                assertThat(ch.isActive()).isTrue();
                ch.pipeline().addLast(handler);
                assertThat(UnixPeerCredentials.of(ch).credentials()).isPresent();
                ch.pipeline().addLast(recorder);
            }
        });
        channel.register();
        channel.runPendingTasks();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active");
        assertThat(hasHandler(channel)).isFalse();
    }

    @Test
    void handler_addedLate_storesAtOnceAndAnnouncesByItself() {
        EmbeddedChannel channel = activeChannel(PEER);
        channel.pipeline().addLast(handler);
        UnixPeerCredentials stored = UnixPeerCredentials.of(channel).orElseThrow();
        channel.pipeline().addLast(recorder); // after it, and still in time
        assertThat(recorder.seen()).isEmpty();
        channel.runPendingTasks();
        assertThat(recorder.seen()).containsExactly("Captured 1000");
        assertThat(recorder.announced()).isSameAs(stored);
        assertThat(hasHandler(channel)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"active", "read x", "complete", "event x", "writability", "exception x", "inactive"})
    void handler_addedLate_announcesAtTheFirstEventAndOnlyThere(String first) {
        EmbeddedChannel channel = activeChannel(PEER);
        channel.pipeline().addLast(handler, recorder);
        fire(channel, first);
        assertThat(recorder.seen()).containsExactly("Captured 1000", first);
        channel.runPendingTasks();
        assertThat(recorder.seen()).containsExactly("Captured 1000", first);
    }

    private static void fire(Channel channel, String event) {
        switch (event) {
            case "active" -> channel.pipeline().fireChannelActive();
            case "read x" -> channel.pipeline().fireChannelRead(bytes("x"));
            case "complete" -> channel.pipeline().fireChannelReadComplete();
            case "event x" -> channel.pipeline().fireUserEventTriggered("x");
            case "writability" -> channel.pipeline().fireChannelWritabilityChanged();
            case "exception x" -> channel.pipeline().fireExceptionCaught(new IllegalStateException("x"));
            case "inactive" -> channel.pipeline().fireChannelInactive();
            default -> throw new IllegalArgumentException(event);
        }
    }

    @Test
    void options_askForWhatTheyName() {
        PretendedPeer peer = PEER.groups(27, 4294967290L).label("unconfined");
        UnixPeerCredentials plain = capture(peer, new PeerCredentialsHandler());
        assertThat(reason(plain.groups())).isEqualTo(AbsenceReason.NOT_REQUESTED);
        assertThat(reason(plain.label())).isEqualTo(AbsenceReason.NOT_REQUESTED);
        assertThat(reason(plain.process())).isEqualTo(AbsenceReason.NOT_REQUESTED);
        assertThat(capture(peer, PeerCredentialsHandler.builder().build())).isEqualTo(plain);

        UnixPeerCredentials groups =
                capture(peer, PeerCredentialsHandler.builder().groups().build());
        assertThat(groups.groups().orElseThrow().stream()).containsExactly(27L, 4294967290L);
        assertThat(reason(groups.label())).isEqualTo(AbsenceReason.NOT_REQUESTED);
        assertThat(reason(groups.process())).isEqualTo(AbsenceReason.NOT_REQUESTED);

        UnixPeerCredentials label =
                capture(peer, PeerCredentialsHandler.builder().label().build());
        assertThat(label.label().value()).contains("unconfined");
        assertThat(reason(label.groups())).isEqualTo(AbsenceReason.NOT_REQUESTED);

        UnixPeerCredentials process =
                capture(peer, PeerCredentialsHandler.builder().process().build());
        assertThat(reason(process.process())).isEqualTo(AbsenceReason.UNSUPPORTED);
        assertThat(reason(process.groups())).isEqualTo(AbsenceReason.NOT_REQUESTED);

        PeerCredentialsHandler.Builder all =
                PeerCredentialsHandler.builder().groups().label().process();
        assertThat(capture(peer, all.build())).isEqualTo(capture(peer, all.build()));
        assertThat(capture(peer, all.build()).groups().value()).isPresent();
        assertThat(capture(peer, all.build()).label().value()).isPresent();
    }

    private static UnixPeerCredentials capture(PretendedPeer peer, PeerCredentialsHandler handler) {
        return UnixPeerCredentials.of(ConnectableChannel.with(peer, handler).connect())
                .orElseThrow();
    }

    @Test
    void moment_ofConnectingChannel_isListen() {
        ConnectableChannel client = ConnectableChannel.with(PEER, handler);
        client.connect(new DomainSocketAddress("x"));
        client.connect();
        assertThat(UnixPeerCredentials.of(client).orElseThrow().source().moment())
                .isEqualTo(Moment.LISTEN);
        ConnectableChannel other = ConnectableChannel.with(PEER, new PeerCredentialsHandler());
        other.connect();
        assertThat(UnixPeerCredentials.of(other).orElseThrow().source().moment())
                .isEqualTo(Moment.SETUP);
    }

    /** Keeps a close from happening, as a handler does that says goodbye first. */
    private static final class HoldsClose extends ChannelOutboundHandlerAdapter {
        int closes;
        int reads;

        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            closes++;
        }

        @Override
        public void read(ChannelHandlerContext ctx) {
            reads++;
        }
    }

    private static void assertNothingPasses(Channel channel, Recorder recorder, String... seenSoFar) {
        ByteBuf message = bytes("secret");
        ByteBuf event = bytes("event");
        channel.pipeline().fireChannelActive();
        channel.pipeline().fireChannelRead(message);
        channel.pipeline().fireChannelReadComplete();
        channel.pipeline().fireUserEventTriggered(event);
        channel.pipeline().fireChannelWritabilityChanged();
        channel.pipeline().fireExceptionCaught(new IllegalStateException("x"));
        assertThat(recorder.seen()).containsExactly(seenSoFar);
        assertThat(message.refCnt()).isZero();
        assertThat(event.refCnt()).isZero();
    }

    @Test
    void absent_isRefusedAndNothingPasses() {
        HoldsClose front = new HoldsClose();
        ConnectableChannel channel = ConnectableChannel.with(ABSENT, front, handler, recorder);
        channel.connect();
        assertThat(front.closes).isOne();
        assertThat(channel.isOpen()).isTrue();
        assertNothingPasses(channel, recorder, "Refused NOT_CONNECTED");
        channel.pipeline().read();
        assertThat(front.reads).as("nothing is read either").isZero();
        assertThat(front.closes).as("it is closed once").isOne();
        assertThat(hasHandler(channel)).as("the door is kept shut").isTrue();
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(recorder.announced());

        channel.pipeline().remove(front);
        channel.close();
        assertThat(recorder.seen())
                .as("no channelInactive without channelActive")
                .containsExactly("Refused NOT_CONNECTED");
    }

    @Test
    void absent_isClosed() {
        ConnectableChannel channel = ConnectableChannel.with(ABSENT, handler, recorder);
        channel.connect();
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(recorder.seen()).containsExactly("Refused NOT_CONNECTED");
    }

    @Test
    void absent_foundLate_isRefusedAndInactivePasses() {
        EmbeddedChannel channel = new EmbeddedChannel(recorder); // which sees channelActive here
        ABSENT.on(channel);
        channel.pipeline().addFirst(handler);
        channel.runPendingTasks();
        assertThat(recorder.seen()).containsExactly("active", "Refused NOT_CONNECTED", "inactive");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void absent_admitted_passes() {
        ConnectableChannel channel = ConnectableChannel.with(
                ABSENT, PeerCredentialsHandler.builder().admitAbsent().build(), recorder);
        channel.connect();
        channel.writeInbound(bytes("x"));
        assertThat(recorder.seen()).containsExactly("Admitted NOT_CONNECTED", "active", "read x", "complete");
        assertThat(channel.isOpen()).isTrue();
        assertThat(hasHandler(channel)).isFalse();
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(recorder.announced());
    }

    @Test
    void known_withAdmitAbsent_isCaptured() {
        ConnectableChannel channel = ConnectableChannel.with(
                PEER, PeerCredentialsHandler.builder().admitAbsent().build(), recorder);
        channel.connect();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active");
    }

    @Test
    void capture_thatThrows_isRefused() {
        ConnectableChannel channel = ConnectableChannel.with(
                PretendedPeer.failing(new IllegalStateException("thrown by the test")), handler, recorder);
        channel.connect();
        channel.runPendingTasks();
        assertThat(recorder.seen()).containsExactly("Refused FAILED");
        assertThat(UnixPeerCredentials.of(channel).toString()).contains("thrown by the test");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void capture_thatThrowsOnAnActiveChannel_isRefused() {
        EmbeddedChannel channel = activeChannel(PretendedPeer.failing(new IllegalStateException("x")));
        channel.pipeline().addLast(handler, recorder);
        assertThat(hasHandler(channel)).as("a handler that threw would be gone").isTrue();
        ByteBuf message = bytes("secret");
        channel.pipeline().fireChannelRead(message);
        assertThat(message.refCnt()).isZero();
        assertThat(recorder.seen()).containsExactly("Refused FAILED", "inactive");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void message_aheadOfTheCapture_isRefused(boolean admitAbsent) {
        PeerCredentialsHandler.Builder builder = PeerCredentialsHandler.builder();
        ConnectableChannel channel =
                ConnectableChannel.with(PEER, (admitAbsent ? builder.admitAbsent() : builder).build(), recorder);
        channel.connectSilently();
        ByteBuf message = bytes("secret");
        channel.pipeline().fireChannelRead(message);
        assertThat(message.refCnt()).isZero();
        assertThat(recorder.seen()).containsExactly("Refused RACED");
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(recorder.announced());
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(recorder.seen())
                .as("no channelInactive without channelActive")
                .containsExactly("Refused RACED");
    }

    @Test
    void message_aheadOfTheCapture_blocksWhatFollows() {
        HoldsClose front = new HoldsClose();
        ConnectableChannel channel = ConnectableChannel.with(PEER, front, handler, recorder);
        channel.connectSilently();
        channel.pipeline().fireChannelRead(bytes("secret"));
        assertNothingPasses(channel, recorder, "Refused RACED");
        channel.pipeline().fireChannelInactive();
        assertThat(recorder.seen()).containsExactly("Refused RACED");
    }

    @Test
    void removed_beforeActive_leavesAPlainPipeline() {
        ConnectableChannel channel = ConnectableChannel.with(PEER, handler, recorder);
        channel.pipeline().remove(handler);
        channel.connect();
        channel.writeInbound(bytes("x"));
        assertThat(recorder.seen()).containsExactly("active", "read x", "complete");
        assertThat(reason(channel)).isEqualTo(AbsenceReason.NOT_CAPTURED);
    }

    @Test
    void removed_beforeTheAnnouncementOfAKnownPeer_keepsTheChannelOpen() {
        EmbeddedChannel channel = activeChannel(PEER);
        channel.pipeline().addLast(handler, recorder);
        channel.pipeline().remove(handler);
        channel.runPendingTasks();
        channel.writeInbound(bytes("x"));
        assertThat(recorder.seen()).containsExactly("read x", "complete");
        assertThat(UnixPeerCredentials.of(channel).credentials()).isPresent();
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void removed_beforeTheAnnouncementOfAnAbsentPeer_closesTheChannel() {
        EmbeddedChannel channel = activeChannel(ABSENT);
        channel.pipeline().addLast(handler, recorder, new HoldsClose()); // which stands behind, and is not asked
        channel.pipeline().remove(handler);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(recorder.seen()).containsExactly("inactive");
    }

    @Test
    void removed_beforeTheAnnouncementOfAnAdmittedPeer_keepsTheChannelOpen() {
        EmbeddedChannel channel = activeChannel(ABSENT);
        PeerCredentialsHandler admitting =
                PeerCredentialsHandler.builder().admitAbsent().build();
        channel.pipeline().addLast(admitting, recorder);
        channel.pipeline().remove(admitting);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void removed_inTheEvent_passesActiveOn() {
        recorder.at("Captured", ctx -> ctx.pipeline().remove(handler));
        ConnectableChannel channel = ConnectableChannel.with(PEER, handler, recorder);
        channel.connect();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active");
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void removed_inTheRefusal_closesTheChannel() {
        recorder.at("Refused", ctx -> ctx.pipeline().remove(handler));
        ConnectableChannel channel = ConnectableChannel.with(ABSENT, handler, recorder);
        channel.connect();
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(recorder.seen()).doesNotContain("active");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Captured", "active"})
    void handlerBehind_thatCloses_seesABalancedEnd(String when) {
        recorder.at(when, ctx -> ctx.close());
        ConnectableChannel channel = ConnectableChannel.with(PEER, handler, recorder);
        channel.connect();
        channel.runPendingTasks();
        // An embedded channel ends at once, before channelActive is through; others when the handlers are done.
        assertThat(recorder.seen()).startsWith("Captured 1000");
        assertThat(recorder.seen().contains("inactive"))
                .isEqualTo(recorder.seen().contains("active"));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void handlerBehind_thatThrowsInTheEvent_getsActiveAllTheSame() {
        recorder.at("Captured", ctx -> {
            throw new IllegalStateException("thrown by the test");
        });
        ConnectableChannel channel = ConnectableChannel.with(PEER, handler, recorder);
        channel.connect();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "exception thrown by the test", "active");
        assertThat(hasHandler(channel)).isFalse();
    }

    @Test
    void handlerBehind_thatThrowsInTheRefusal_doesNotKeepTheDoorOpen() {
        recorder.at("Refused", ctx -> {
            throw new IllegalStateException("thrown by the test");
        });
        ConnectableChannel channel = ConnectableChannel.with(ABSENT, handler, recorder);
        channel.connect();
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(recorder.seen()).containsExactly("Refused NOT_CONNECTED", "exception thrown by the test");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Captured", "Refused"})
    void handlerBehind_thatWritesInTheEvent_isHeardByThePeer(String event) {
        recorder.at(event, ctx -> ctx.writeAndFlush(bytes("farewell")));
        ConnectableChannel channel =
                ConnectableChannel.with(event.equals("Captured") ? PEER : ABSENT, handler, recorder);
        channel.connect();
        ByteBuf written = channel.readOutbound();
        assertThat(written.toString(StandardCharsets.UTF_8)).isEqualTo("farewell");
        written.release();
    }

    @Test
    void handlerBehind_addedInTheEvent_getsActive() {
        Recorder second = new Recorder();
        recorder.at("Captured", ctx -> ctx.pipeline().addAfter(ctx.name(), "second", second))
                .at("active", ctx -> ctx.fireChannelActive());
        ConnectableChannel.with(PEER, handler, recorder).connect();
        assertThat(second.seen()).containsExactly("active");
    }

    @Test
    void handlerInFront_thatReadsBeforeActiveIsThrough_cannotOvertake() {
        // A client's bytes may come in the middle of channelActive, from a handler that asks for them there.
        ChannelDuplexHandler eager = new ChannelDuplexHandler() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.fireChannelActive();
                ctx.fireChannelRead(bytes("first"));
            }
        };
        ConnectableChannel channel = ConnectableChannel.with(PEER, eager, handler, recorder);
        channel.connect();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active", "read first");
    }

    @Test
    void value_copiedToAnotherChannel_isForeign() {
        AttributeKey<Object> key = AttributeKey.valueOf("io.github.nettypeercred.UnixPeerCredentials");
        ConnectableChannel root = ConnectableChannel.with(PretendedPeer.of(0, 0), handler);
        root.connect();
        EmbeddedChannel thief = activeChannel(PEER);
        thief.attr(key).set(root.attr(key).get());
        assertThat(reason(thief)).isEqualTo(AbsenceReason.FOREIGN_CHANNEL);
        // A capture takes no notice of it.
        thief.pipeline().addLast(new PeerCredentialsHandler(), recorder);
        thief.runPendingTasks();
        assertThat(recorder.seen()).containsExactly("Captured 1000");
        assertThat(UnixPeerCredentials.of(thief).orElseThrow().uid()).isEqualTo(1000);
    }

    @Test
    void secondHandler_takesOverOrAsksForMore() {
        PretendedPeer peer = PEER.groups(27).label("unconfined");
        ConnectableChannel channel = ConnectableChannel.with(
                peer, PeerCredentialsHandler.builder().groups().build());
        channel.connect();
        UnixPeerCredentials first = UnixPeerCredentials.of(channel).orElseThrow();
        channel.pipeline().addLast(new PeerCredentialsHandler());
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(first);
        channel.runPendingTasks();
        channel.pipeline().addLast(PeerCredentialsHandler.builder().label().build(), recorder);
        UnixPeerCredentials both = UnixPeerCredentials.of(channel).orElseThrow();
        assertThat(both.groups()).isEqualTo(first.groups());
        assertThat(both.label().value()).contains("unconfined");
        channel.runPendingTasks();
        assertThat(recorder.announced()).isSameAs(both);
    }

    @Test
    void of_streamOfAConnection_isTheConnections() throws Exception {
        ConnectableChannel connection = ConnectableChannel.with(PEER, handler);
        connection.connect();
        EmbeddedChannel stream = new EmbeddedChannel(
                connection, DefaultChannelId.newInstance(), true, false, new ChannelInboundHandlerAdapter());
        assertThat(UnixPeerCredentials.of(stream)).isSameAs(UnixPeerCredentials.of(connection));
        assertThat(CompletableFuture.supplyAsync(() -> UnixPeerCredentials.of(stream))
                        .get(30, TimeUnit.SECONDS)
                        .orElseThrow()
                        .uid())
                .isEqualTo(1000);
    }

    @Test
    void embeddedChannel_withoutPretendedPeer_isNoUnixSocket() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline().addLast(handler, recorder);
        channel.runPendingTasks();
        assertThat(recorder.seen()).startsWith("Refused NOT_UNIX_SOCKET");
        assertThat(UnixPeerCredentials.of(channel).toString())
                .contains(EmbeddedChannel.class.getName(), "EpollServerDomainSocketChannel");
        assertThat(channel.isOpen()).isFalse();
    }
}
