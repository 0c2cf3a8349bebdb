// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultEventExecutorGroup;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That no descriptor is lost, whatever becomes of a connection: each capture takes a process descriptor. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbstractDescriptorsTest {
    private static final int CONNECTIONS = 20_000;

    abstract TestTransport transport();

    @Test
    void descriptors_after20000ConnectionsOfAllKinds_areAsManyAsBefore() {
        EventExecutorGroup executors = new DefaultEventExecutorGroup(1);
        AtomicInteger accepted = new AtomicInteger();
        AtomicInteger captured = new AtomicInteger();
        AtomicInteger initialized = new AtomicInteger();
        PeerCredentialsAcceptHandler acceptHandler = PeerCredentialsAcceptHandler.builder()
                .groups()
                .allowIf(peer -> {
                    int number = accepted.incrementAndGet();
                    if (number % 11 == 0) {
                        throw new IllegalStateException("thrown by the test");
                    }
                    return number % 7 != 0;
                })
                .build();
        try (TestServer server = TestServer.start(
                transport(),
                acceptHandler,
                child -> prepare(child, executors, initialized.incrementAndGet(), captured))) {
            flood(server, 100); // opens what stays open: event loops, selectors, class files
            long before = Descriptors.settled();
            flood(server, CONNECTIONS);
            int total = CONNECTIONS + 100;
            await().atMost(60, TimeUnit.SECONDS).until(() -> accepted.get() == total);
            await().atMost(60, TimeUnit.SECONDS).until(() -> Descriptors.open() <= before);
            int refused = total / 7 + total / 11 - total / 77;
            assertThat(acceptHandler.refusedCount()).isEqualTo(refused);
            assertThat(initialized).hasValue(total - refused);
            // Every kind but the one whose handler is removed first captures a process descriptor.
            assertThat(captured.get()).isGreaterThan((total - refused) * 3 / 5);
        } finally {
            executors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static void flood(TestServer server, int connections) {
        try (Peer peer = Peer.start("flood", server.path(), Integer.toString(connections))) {
            assertThat(peer.exit()).isZero();
        }
    }

    private static void prepare(Channel child, EventExecutorGroup executors, int number, AtomicInteger captured) {
        PeerCredentialsHandler handler =
                PeerCredentialsHandler.builder().groups().process().build();
        switch (number % 5) {
            case 0 -> child.pipeline().addLast(executors, handler);
            case 1 -> {
                child.pipeline().addLast(handler);
                child.pipeline().remove(handler);
            }
            default -> child.pipeline().addLast(handler);
        }
        child.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                if (evt instanceof PeerCredentialsEvent.Captured event) {
                    assertThat(event.result().process().value()).isPresent();
                    assertThat(UnixPeerCredentials.of(ctx.channel())).isSameAs(event.result());
                    captured.incrementAndGet();
                    if (number % 5 == 2) {
                        throw new IllegalStateException("thrown by the test");
                    } else if (number % 5 == 3) {
                        ctx.close();
                    }
                }
            }

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                ReferenceCountUtil.release(msg);
                ctx.close();
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                ctx.close();
            }
        });
    }
}
