// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A handler on a channel that moves from one event loop to another, at every point of the handler's life. */
@Tag("netty-4.1")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EpollReregistrationTest {
    private final EventLoopGroup group = TestTransport.EPOLL.newGroup(3);
    private final EventLoop first = group.next();
    private final EventLoop second = group.next();
    private final DefaultEventExecutorGroup executors = new DefaultEventExecutorGroup(1);
    private final Recorder recorder = new Recorder();
    private final CountDownLatch released = new CountDownLatch(1);
    private final TestServer server = TestServer.start(TestTransport.EPOLL, child -> {});
    private final Channel client = connect(server.path());

    /** This process connects to itself: on the client's side, registered with the first loop, the handler is added. */
    private Channel connect(String path) {
        return new Bootstrap()
                .group(first)
                .channel(TestTransport.EPOLL.clientChannel())
                .handler(new Placeholder())
                .connect(new DomainSocketAddress(Path.of(path).toFile()))
                .syncUninterruptibly()
                .channel();
    }

    @Sharable
    private static final class Placeholder extends ChannelInboundHandlerAdapter {}

    @BeforeEach
    void twoLoops() {
        assertThat(first).isNotSameAs(second);
        assertThat(client.eventLoop()).isSameAs(first);
    }

    @AfterEach
    void close() {
        released.countDown();
        client.close();
        server.close();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Keeps a loop from doing anything until the test goes on. */
    private void block(EventLoop loop, CountDownLatch until) {
        CountDownLatch blocked = new CountDownLatch(1);
        loop.execute(() -> {
            blocked.countDown();
            awaitLatch(until);
        });
        awaitLatch(blocked);
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void drain(EventLoop loop) {
        loop.submit(() -> {}).syncUninterruptibly();
    }

    private void assertCapturedOnceAndReads() {
        await().untilAsserted(() -> assertThat(recorder.seen()).hasSize(1));
        assertThat(recorder.announced()).isInstanceOf(UnixPeerCredentials.class);
        assertThat(recorder.announced()).isSameAs(UnixPeerCredentials.of(client));
        assertThat(UnixPeerCredentials.of(client).orElseThrow().pid())
                .hasValue((int) ProcessHandle.current().pid());
        // What the other side sends still arrives.
        server.next().channel().writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8));
        await().untilAsserted(() -> assertThat(recorder.seen()).contains("read hello"));
        assertThat(recorder.seen().get(0)).startsWith("Captured");
        drain(second);
        assertThat(recorder.seen().stream().filter(what -> what.startsWith("Captured")))
                .hasSize(1);
        assertThat(client.isOpen()).isTrue();
    }

    @Test
    void handlerAddedWhileDeregistered_isRightAfterwards() {
        client.deregister().syncUninterruptibly();
        client.pipeline().addLast(recorder).addFirst(new PeerCredentialsHandler());
        second.register(client).syncUninterruptibly();
        assertCapturedOnceAndReads();
        assertThat(client.pipeline().get(PeerCredentialsHandler.class)).isNull();
    }

    @Test
    void moveBeforeHandlerAddedIsCalled_capturesOnTheNewLoopOnly() {
        CountDownLatch firstReleased = new CountDownLatch(1);
        client.deregister().syncUninterruptibly();
        block(first, firstReleased);
        block(second, released);
        client.pipeline().addLast(recorder).addFirst(new PeerCredentialsHandler()); // waits for the first loop
        var registered = second.register(client);
        firstReleased.countDown();
        drain(first);
        // The first loop has called handlerAdded, but the channel is the second's by now.
        assertThat(UnixPeerCredentials.of(client).credentials()).isEmpty();
        released.countDown();
        registered.syncUninterruptibly();
        assertCapturedOnceAndReads();
    }

    @Test
    void moveBeforeTheAnnouncement_announcesOnTheNewLoop() {
        client.deregister().syncUninterruptibly();
        block(second, released);
        first.submit(() -> {
                    client.pipeline().addLast(recorder).addFirst(new PeerCredentialsHandler());
                    assertThat(UnixPeerCredentials.of(client).credentials()).isPresent();
                    second.register(client); // while the announcement waits in the first loop's queue
                })
                .syncUninterruptibly();
        drain(first);
        // Nothing is announced, and the pipeline not touched, from the loop that the channel has left.
        assertThat(client.pipeline().get(PeerCredentialsHandler.class)).isNotNull();
        released.countDown();
        assertCapturedOnceAndReads();
        assertThat(client.pipeline().get(PeerCredentialsHandler.class)).isNull();
    }

    @Test
    void moveDuringTheCaptureForAnExecutor_capturesOnTheNewLoop() {
        CountDownLatch firstReleased = new CountDownLatch(1);
        client.deregister().syncUninterruptibly();
        block(first, firstReleased);
        client.pipeline().addLast(executors, recorder).addFirst(executors, new PeerCredentialsHandler());
        executors.submit(() -> {}).syncUninterruptibly(); // it has asked the first loop
        block(second, released);
        var registered = second.register(client);
        firstReleased.countDown();
        drain(first);
        assertThat(UnixPeerCredentials.of(client).credentials()).isEmpty();
        released.countDown();
        registered.syncUninterruptibly();
        assertCapturedOnceAndReads();
    }

    @Test
    void moveInTheEvent_isRight() {
        CountDownLatch moved = new CountDownLatch(1);
        recorder.at("Captured", (ChannelHandlerContext ctx) -> ctx.deregister()
                .addListener(done -> second.register(client).addListener(again -> moved.countDown())));
        client.pipeline().addLast(recorder).addFirst(new PeerCredentialsHandler());
        awaitLatch(moved);
        assertThat(client.eventLoop()).isSameAs(second);
        assertCapturedOnceAndReads();
        assertThat(client.pipeline().get(PeerCredentialsHandler.class)).isNull();
    }

    @Test
    void closeWhileDeregistered_isAbsent() {
        client.deregister().syncUninterruptibly();
        client.close().syncUninterruptibly();
        client.pipeline().addLast(recorder).addFirst(new PeerCredentialsHandler());
        drain(first);
        assertThat(recorder.seen().stream().filter(what -> what.startsWith("Captured")))
                .isEmpty();
        assertThat(UnixPeerCredentials.of(client).credentials()).isEmpty();
    }
}
