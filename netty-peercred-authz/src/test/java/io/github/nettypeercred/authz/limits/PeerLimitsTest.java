// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.AuthorizedMessage;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The handlers, on channels that need no socket. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PeerLimitsTest {
    private static final long SECOND = 1_000_000_000;

    private final List<Runnable> tasks = new ArrayList<>();
    private final List<Object> events = new ArrayList<>();
    private final List<Throwable> errors = new ArrayList<>();
    private final List<String> reads = new ArrayList<>();
    private long now;

    private PeerLimits.Builder limits() {
        return PeerLimits.builder()
                .accountMap(AccountMap.identity())
                .totalConnections(100)
                .clock(() -> now)
                .timer(tasks::add);
    }

    /** A server whose last handler, in place of the acceptor, does something with each child. */
    private static EmbeddedChannel server(PeerLimits limits, Consumer<Channel> last) {
        return new EmbeddedChannel(
                PeerCredentialsAcceptHandler.builder().admitAbsent().build(),
                limits.acceptHandler(),
                new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        last.accept((Channel) msg);
                    }
                });
    }

    private static EmbeddedChannel child(long uid) {
        EmbeddedChannel child = new EmbeddedChannel(false, false);
        PretendedPeer.of(uid, 100).on(child);
        return child;
    }

    private static void register(Channel child) {
        try {
            ((EmbeddedChannel) child).register();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void witness(EmbeddedChannel child) {
        child.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                events.add("active");
            }

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                ReferenceCountUtil.release(msg);
                events.add("read");
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                if (evt instanceof PeerLimitExceeded) {
                    events.add(evt);
                }
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                errors.add(cause);
            }
        });
    }

    /** An active connection of a user, whose reads that reach the transport are noted. */
    private EmbeddedChannel connection(long uid, ChannelHandler handler) {
        EmbeddedChannel child = child(uid);
        child.pipeline()
                .addLast(
                        new ChannelOutboundHandlerAdapter() {
                            @Override
                            public void read(ChannelHandlerContext ctx) {
                                reads.add("read");
                                ctx.read();
                            }
                        },
                        new PeerCredentialsHandler(),
                        handler);
        witness(child);
        register(child);
        return child;
    }

    private static ByteBuf bytes(int count) {
        return Unpooled.buffer(count).writeZero(count);
    }

    @Test
    void accepted_isOpenUntilItCloses() {
        PeerLimits limits = limits().build();
        EmbeddedChannel child = child(1000);
        server(limits, PeerLimitsTest::register).pipeline().fireChannelRead(child);
        assertThat(limits.connectionCount()).isOne();
        assertThat(limits.accountCount()).isOne();
        child.close();
        child.close();
        child.unsafe().closeForcibly();
        assertThat(limits.connectionCount()).isZero();
        assertThat(limits.accountCount()).isZero();
        assertThat(tasks).isEmpty();
    }

    @Test
    void overLimit_isClosedAtAccept_othersAreNot() {
        PeerLimits limits = limits().connections(2).build();
        List<Channel> accepted = new ArrayList<>();
        EmbeddedChannel server = server(limits, child -> {
            accepted.add(child);
            register(child);
        });
        EmbeddedChannel third = child(1000);
        server.pipeline().fireChannelRead(child(1000));
        server.pipeline().fireChannelRead(child(1000));
        server.pipeline().fireChannelRead(third);
        assertThat(third.isOpen()).isFalse();
        EmbeddedChannel other = child(1001);
        server.pipeline().fireChannelRead(other);
        assertThat(accepted).hasSize(3).endsWith(other);
        assertThat(limits.refusedCount(Limit.CONNECTIONS)).isOne();
        assertThat(limits.connectionCount()).isEqualTo(3);
        accepted.get(0).close();
        server.pipeline().fireChannelRead(child(1000));
        assertThat(accepted).hasSize(4);
    }

    @Test
    void foldedUids_shareOneAccount() {
        PeerLimits limits = limits().accountMap(
                        AccountMap.builder().range(100_000, 65_536, 1000).build())
                .connections(3)
                .build();
        EmbeddedChannel server = server(limits, PeerLimitsTest::register);
        server.pipeline().fireChannelRead(child(1000));
        for (int i = 0; i < 1000; i++) {
            server.pipeline().fireChannelRead(child(100_000 + i));
        }
        assertThat(limits.connectionCount()).isEqualTo(3);
        assertThat(limits.accountCount()).isOne();
        assertThat(limits.refusedCount(Limit.CONNECTIONS)).isEqualTo(998);
    }

    @Test
    void refusedBehind_byCloseForcibly_isGivenBackAtOnce() {
        PeerLimits limits = limits().build();
        EmbeddedChannel server = server(limits, child -> child.unsafe().closeForcibly());
        for (int i = 0; i < 200; i++) {
            server.pipeline().fireChannelRead(child(1000));
            assertThat(limits.connectionCount()).isZero();
        }
    }

    @Test
    void keptUnregistered_andClosedForcibly_isGivenBackByTheTimer() {
        PeerLimits limits = limits().build();
        List<Channel> kept = new ArrayList<>();
        EmbeddedChannel server = server(limits, kept::add);
        server.pipeline().fireChannelRead(child(1000));
        server.pipeline().fireChannelRead(child(1001));
        server.pipeline().fireChannelRead(child(1002));
        assertThat(limits.connectionCount()).isEqualTo(3);
        assertThat(tasks).hasSize(1);
        kept.get(0).unsafe().closeForcibly();
        tasks.remove(0).run();
        assertThat(limits.connectionCount()).isEqualTo(2);
        assertThat(tasks).as("while one is neither closed nor registered").hasSize(1);
        register(kept.get(1));
        kept.get(2).unsafe().closeForcibly();
        tasks.remove(0).run();
        assertThat(tasks).isEmpty();
        assertThat(limits.connectionCount()).isOne();
        kept.get(1).close();
        assertThat(limits.connectionCount()).isZero();
    }

    @Test
    void absent_whereAdmitted_sharesOneAccount() {
        PeerLimits limits = limits().connections(2).build();
        EmbeddedChannel server = server(limits, PeerLimitsTest::register);
        for (int i = 0; i < 5; i++) {
            EmbeddedChannel child = new EmbeddedChannel(false, false);
            PretendedPeer.absent(new Absence(AbsenceReason.UNMAPPED, "a test")).on(child);
            server.pipeline().fireChannelRead(child);
        }
        assertThat(limits.connectionCount()).isEqualTo(2);
        assertThat(limits.accountCount()).as("of their own").isZero();
    }

    @Test
    void connection_thatNobodyOpened_isOpenedByItsHandler() {
        PeerLimits limits = limits().connections(1).build();
        EmbeddedChannel one = connection(1000, limits.handler());
        assertThat(events).containsExactly("active");
        EmbeddedChannel other = connection(1000, limits.handler());
        assertThat(events).containsExactly("active", new PeerLimitExceeded(Limit.CONNECTIONS));
        assertThat(other.isOpen()).isFalse();
        one.close();
        assertThat(limits.connectionCount()).isZero();
        connection(1000, limits.handler());
        assertThat(events).hasSize(3).endsWith("active");
    }

    @Test
    void accepted_isNotOpenedTwice() {
        PeerLimits limits = limits().build();
        EmbeddedChannel child = child(1000);
        child.pipeline().addLast(new PeerCredentialsHandler(), limits.byteHandler(), limits.messageHandler());
        server(limits, PeerLimitsTest::register).pipeline().fireChannelRead(child);
        assertThat(limits.connectionCount()).isOne();
        child.close();
        assertThat(limits.connectionCount()).isZero();
    }

    @Test
    void withoutCapture_theConnectionIsClosed() {
        PeerLimits limits = limits().build();
        EmbeddedChannel child = new EmbeddedChannel(false, false);
        child.pipeline().addLast(limits.handler());
        witness(child);
        register(child);
        assertThat(child.isOpen()).isFalse();
        assertThat(events).isEmpty();
        assertThat(errors).singleElement().asString().contains("PeerCredentialsHandler in front");
    }

    @Test
    void acceptHandler_withoutCaptureInFront_closesWhatIsAccepted_andSaysWhy() {
        PeerLimits limits = limits().build();
        EmbeddedChannel server = new EmbeddedChannel(limits.acceptHandler());
        EmbeddedChannel child = child(1000);
        witness(server);
        server.pipeline().fireChannelRead(child);
        assertThat(child.isOpen()).isFalse();
        assertThat(events).isEmpty();
        assertThat(errors).singleElement().asString().contains("PeerCredentialsAcceptHandler in front");
        assertThat(limits.connectionCount()).isZero();
    }

    @Test
    void uids_areFoldedBySubuid_unlessThereIsAMap(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("subuid");
        Files.writeString(file, "1000:100000:65536\n");
        PeerLimits limits = PeerLimits.builder()
                .subuid(file)
                .totalConnections(100)
                .messagesPerSecond(1, 1, OverLimit.REFUSE)
                .build();
        assertThat(limits.charge(sender(100_001), 1, 1)).isTrue();
        assertThat(limits.charge(sender(1000), 1, 1)).isFalse();
        assertThat(limits.charge(sender(1001), 1, 1)).isTrue();
        assertThatThrownBy(() -> PeerLimits.builder().subuid(folder).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("accountMap");
    }

    @Test
    void acceptHandler_onAConnection_closesIt() {
        EmbeddedChannel child = new EmbeddedChannel(
                new LocalServerChannel(),
                DefaultChannelId.newInstance(),
                true,
                false,
                limits().build().acceptHandler());
        witness(child);
        child.runPendingTasks();
        assertThat(child.isOpen()).isFalse();
    }

    @Test
    void slowed_isNotReadFrom_untilItsDebtIsPaid() {
        PeerLimits limits = limits().bytesPerSecond(100, 100, OverLimit.SLOW).build();
        EmbeddedChannel child = connection(1000, limits.handler());
        child.freezeTime();
        child.writeInbound(bytes(100));
        assertThat(child.config().isAutoRead()).isTrue();
        child.writeInbound(bytes(50));
        assertThat(events).containsExactly("active", "read", "read");
        assertThat(child.config().isAutoRead()).isFalse();
        assertThat(limits.slowedCount(Limit.BYTE_RATE)).isOne();
        reads.clear();
        child.read();
        assertThat(reads).as("held").isEmpty();
        advance(child, SECOND / 2 - 1);
        assertThat(child.config().isAutoRead()).isFalse();
        advance(child, 1);
        assertThat(child.config().isAutoRead()).isTrue();
        assertThat(reads).containsExactly("read");
    }

    @Test
    void slowed_waitsOn_ifAnotherConnectionOfTheUserSpentIt() {
        PeerLimits limits = limits().messagesPerSecond(1, 1, OverLimit.SLOW).build();
        EmbeddedChannel one = connection(1000, limits.handler());
        EmbeddedChannel other = connection(1000, limits.handler());
        EmbeddedChannel stranger = connection(1001, limits.handler());
        one.freezeTime();
        one.writeInbound(bytes(1));
        one.writeInbound(bytes(1));
        other.writeInbound(bytes(1));
        stranger.writeInbound(bytes(1));
        assertThat(one.config().isAutoRead()).isFalse();
        assertThat(other.config().isAutoRead()).isFalse();
        assertThat(stranger.config().isAutoRead()).isTrue();
        EmbeddedChannel late = connection(1000, limits.handler());
        assertThat(late.config().isAutoRead()).as("of a user in debt").isFalse();
        advance(one, SECOND);
        assertThat(one.config().isAutoRead()).isFalse();
        advance(one, SECOND);
        assertThat(one.config().isAutoRead()).isTrue();
    }

    private void advance(EmbeddedChannel child, long nanos) {
        now += nanos;
        child.advanceTimeBy(nanos, TimeUnit.NANOSECONDS);
        child.runScheduledPendingTasks();
    }

    @Test
    void autoRead_thatWasOff_staysOff_andAHeldReadIsDoneLater() {
        PeerLimits limits = limits().messagesPerSecond(1, 1, OverLimit.SLOW).build();
        EmbeddedChannel child = connection(1000, limits.handler());
        child.freezeTime();
        child.config().setAutoRead(false);
        child.writeInbound(bytes(1));
        child.writeInbound(bytes(1));
        reads.clear();
        child.read();
        assertThat(reads).isEmpty();
        advance(child, SECOND);
        assertThat(reads).containsExactly("read");
        assertThat(child.config().isAutoRead()).isFalse();
    }

    @Test
    void autoRead_thatTheApplicationPutsOnMeanwhile_isPutOffAtTheNextRead() {
        PeerLimits limits = limits().messagesPerSecond(1, 1, OverLimit.SLOW).build();
        EmbeddedChannel child = connection(1000, limits.handler());
        child.writeInbound(bytes(1));
        child.writeInbound(bytes(1));
        child.config().setAutoRead(true);
        child.writeInbound(bytes(1)); // epoll and io_uring go on, if it is on by the end of a read
        assertThat(child.config().isAutoRead()).isFalse();
    }

    @Test
    void handlerThatLeaves_letsReadsGo() {
        PeerLimits limits = limits().messagesPerSecond(1, 1, OverLimit.SLOW).build();
        ChannelHandler handler = limits.handler();
        EmbeddedChannel child = connection(1000, handler);
        child.writeInbound(bytes(1));
        child.writeInbound(bytes(1));
        assertThat(child.config().isAutoRead()).isFalse();
        child.pipeline().remove(handler);
        assertThat(child.config().isAutoRead()).isTrue();
        child.close();
        assertThat(limits.connectionCount()).isZero();
    }

    @Test
    void refused_getsNothingThrough_andIsClosed() {
        PeerLimits limits = limits().messagesPerSecond(1, 2, OverLimit.REFUSE).build();
        EmbeddedChannel child = connection(1000, limits.handler());
        ByteBuf third = bytes(1);
        child.writeInbound(bytes(1));
        child.writeInbound(bytes(1));
        child.pipeline().fireChannelRead(third);
        child.pipeline().fireChannelRead(bytes(1));
        assertThat(events).containsExactly("active", "read", "read", new PeerLimitExceeded(Limit.MESSAGE_RATE));
        assertThat(third.refCnt()).isZero();
        assertThat(child.isOpen()).isFalse();
        assertThat(limits.refusedCount(Limit.MESSAGE_RATE)).isOne();
        assertThat(limits.connectionCount()).isZero();
    }

    /** An envelope as the handlers in front make it. */
    private static Object envelope(Class<?> type, @Nullable Object... fields) {
        try {
            Constructor<?> constructor = type.getDeclaredConstructors()[0];
            constructor.setAccessible(true);
            return constructor.newInstance(fields);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object attested(Object message) {
        return envelope(AttestedMessage.class, message, sender(1000), null);
    }

    private static Object authorized(Object message) {
        return envelope(AuthorizedMessage.class, message, null);
    }

    @Test
    void bytesInEnvelopes_areCounted() {
        PeerLimits limits = limits().bytesPerSecond(1, 30, OverLimit.REFUSE).build();
        EmbeddedChannel child = connection(1000, limits.handler());
        ByteBuf last = bytes(1);
        child.pipeline().fireChannelRead(attested(bytes(10)));
        child.pipeline().fireChannelRead(authorized(bytes(10)));
        child.pipeline().fireChannelRead(authorized(attested(bytes(10))));
        child.pipeline().fireChannelRead(attested("no bytes"));
        assertThat(events).containsExactly("active", "read", "read", "read", "read");
        child.pipeline().fireChannelRead(authorized(attested(last)));
        assertThat(events).hasSize(6).endsWith(new PeerLimitExceeded(Limit.BYTE_RATE));
        assertThat(last.refCnt()).isZero();
    }

    @Test
    void handlersForBytesAndForMessages_countEachTheirs() {
        PeerLimits limits = limits().messagesPerSecond(1, 2, OverLimit.REFUSE)
                .bytesPerSecond(1, 10, OverLimit.REFUSE)
                .build();
        EmbeddedChannel byBytes = connection(1000, limits.byteHandler());
        EmbeddedChannel byMessages = connection(1001, limits.messageHandler());
        for (int i = 0; i < 10; i++) {
            byBytes.writeInbound(bytes(1));
        }
        byMessages.writeInbound(bytes(1000));
        byMessages.writeInbound(bytes(1000));
        assertThat(byBytes.isOpen() && byMessages.isOpen()).isTrue();
        byBytes.pipeline().fireChannelRead(bytes(1));
        byMessages.pipeline().fireChannelRead(bytes(1));
        assertThat(byBytes.isOpen() || byMessages.isOpen()).isFalse();
        assertThat(limits.refusedCount(Limit.BYTE_RATE)).isOne();
        assertThat(limits.refusedCount(Limit.MESSAGE_RATE)).isOne();
    }

    @Test
    void unwritable_isNotReadFrom_ifAskedFor() {
        PeerLimits limits = limits().holdReadsWhileUnwritable().build();
        EmbeddedChannel child = connection(1000, limits.handler());
        child.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        child.runPendingTasks();
        assertThat(child.config().isAutoRead()).isFalse();
        child.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        child.runPendingTasks();
        assertThat(child.config().isAutoRead()).isTrue();
    }

    @Test
    void datagrams_areChargedToTheirSender_allOrNothing() {
        PeerLimits limits = limits().accountMap(
                        AccountMap.builder().range(100_000, 65_536, 1000).build())
                .messagesPerSecond(1, 3, OverLimit.SLOW)
                .build();
        UnixPeerCredentials sender = sender(100_001);
        UnixPeerCredentials owner = sender(1000);
        assertThat(limits.charge(sender, 2, 10)).isTrue();
        assertThat(limits.charge(owner, 2, 10)).isFalse();
        assertThat(limits.charge(owner, 1, 10)).isTrue();
        assertThat(limits.charge(sender, 1, 10)).isFalse();
        assertThat(limits.charge(sender(1001), 1, 10)).isTrue();
        assertThat(limits.refusedCount(Limit.MESSAGE_RATE)).isEqualTo(2);
        assertThat(limits.accountCount()).isEqualTo(2);
        now += 3 * SECOND;
        tasks.remove(0).run();
        assertThat(limits.accountCount()).isZero();
        assertThatThrownBy(() -> limits.charge(owner, -1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    private static UnixPeerCredentials sender(long uid) {
        EmbeddedChannel child = child(uid);
        child.pipeline().addLast(new PeerCredentialsHandler());
        register(child);
        return UnixPeerCredentials.of(child).orElseThrow();
    }

    @Test
    void descriptors_areComparedWithTheirLimit(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("limits");
        Files.writeString(
                file,
                """
                Limit                     Soft Limit           Hard Limit           Units
                Max processes             63432                63432                processes
                Max open files            1024                 1048576              files
                """);
        assertThat(limits().totalConnections(768).openFiles(file).build()).isNotNull();
        assertThatThrownBy(() -> limits().totalConnections(400)
                        .descriptors(2)
                        .openFiles(file)
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("400 connections of 2 descriptors each, and 256 for everything else, are 1056, but"
                        + " RLIMIT_NOFILE is 1024: raise it (LimitNOFILE= of the systemd unit, ulimit -n), or lower"
                        + " totalConnections(..)");
        Files.writeString(file, "Max open files            unlimited            unlimited            files     \n");
        assertThat(limits().totalConnections(Integer.MAX_VALUE).openFiles(file).build())
                .isNotNull();
        assertThat(PeerLimits.builder().openFiles(file).build()).isNotNull();
        Files.writeString(file, "nothing");
        assertThatThrownBy(() -> limits().openFiles(file).build()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> PeerLimits.builder()
                        .openFiles(folder.resolve("missing"))
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("totalConnections");
        assertThat(PeerLimits.builder().build())
                .as("by this process's own limit")
                .isNotNull();
    }

    @Test
    void numbersOutOfRange_areRefused() {
        PeerLimits.Builder builder = PeerLimits.builder();
        assertThatThrownBy(() -> builder.connections(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.bytesPerSecond(0, 1, OverLimit.SLOW))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.bytesPerSecond(1, (1L << 32) + 1, OverLimit.SLOW))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
