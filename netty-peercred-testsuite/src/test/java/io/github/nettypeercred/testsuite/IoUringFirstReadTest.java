// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringFixedBufferRingAllocator;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import org.junit.jupiter.api.Test;

class IoUringFirstReadTest extends AbstractFirstReadTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }

    /** Netty 4.2.18 keeps the option on these channels and closes them all the same. */
    @Override
    boolean knowsHalfClosure() {
        return false;
    }

    @Test
    void bufferRing_isRefused() {
        try (TestServer server = TestServer.start(transport(), child -> {
                    child.config().setOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, (short) 0);
                    child.pipeline()
                            .addLast(
                                    PeerCredentialsHandler.builder().firstRead().build());
                });
                Peer peer = Peer.start("connect", server.path(), "write", "x", "drain")) {
            assertRefused(server, AbsenceReason.BUFFER_RING, "IO_URING_BUFFER_GROUP_ID");
            peer.line();
        }
    }

    @Test
    void bufferRingThatIsBound_isRefused() {
        assumeTrue(IoUring.isRegisterBufferRingSupported(), "left out: this kernel has no io_uring buffer rings");
        short ring = 1;
        EventLoopGroup children = BufferRing.newGroup(ring);
        PeerCredentialsAcceptHandler attesting =
                PeerCredentialsAcceptHandler.builder().firstRead().build();
        try (TestServer server = TestServer.start(
                        transport(),
                        new ChannelInitializer<>() {
                            @Override
                            protected void initChannel(Channel listener) {
                                listener.pipeline().addLast(attesting, new RingBinder(ring));
                            }
                        },
                        children,
                        child -> child.pipeline()
                                .addLast(PeerCredentialsHandler.builder()
                                        .firstRead()
                                        .build()));
                Peer peer = Peer.start("connect", server.path(), "write", "x", "drain")) {
            assertRefused(server, AbsenceReason.BUFFER_RING, "IO_URING_BUFFER_GROUP_ID");
            peer.line();
        }
    }

    /** A class of its own, since those of Netty that it names are missing where these tests are looked for beside Netty 4.1. */
    private static final class BufferRing {
        static EventLoopGroup newGroup(short ring) {
            return new MultiThreadIoEventLoopGroup(
                    1,
                    IoUringIoHandler.newFactory(new IoUringIoHandlerConfig()
                            .setBufferRingConfig(IoUringBufferRingConfig.builder()
                                    .bufferGroupId(ring)
                                    .bufferRingSize((short) 16)
                                    .batchSize(16)
                                    .allocator(new IoUringFixedBufferRingAllocator(1024))
                                    .build())));
        }
    }

    /** Has accepted channels read into a buffer ring from their registration on. */
    private static final class RingBinder extends ChannelInboundHandlerAdapter {
        private final short ring;

        RingBinder(short ring) {
            this.ring = ring;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ((Channel) msg).config().setOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, ring);
            ctx.fireChannelRead(msg);
        }
    }
}
