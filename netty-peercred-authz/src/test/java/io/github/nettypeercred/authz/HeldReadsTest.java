// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerDecision.Allow;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is read while it is being decided, of a peer whose reads have begun. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HeldReadsTest {
    private final List<Promise<PeerDecision>> asked = new ArrayList<>();
    private final PeerAuthorization authorization = PeerAuthorization.builder((evidence, executor) -> {
                Promise<PeerDecision> answer = executor.newPromise();
                asked.add(answer);
                return answer;
            })
            .build();
    private final EmbeddedChannel channel = new EmbeddedChannel(false, false);
    private int reads;
    private boolean manual;

    @BeforeEach
    void connect() throws Exception {
        PretendedPeer.of(1000, 100).pid(1).on(channel);
        channel.pipeline()
                .addLast(
                        new ChannelOutboundHandlerAdapter() {
                            @Override
                            public void read(ChannelHandlerContext ctx) {
                                reads++;
                                ctx.read();
                            }
                        },
                        new PeerCredentialsHandler(),
                        new PeerAuthorizationHandler(authorization),
                        new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelActive(ChannelHandlerContext ctx) {
                                if (manual) {
                                    ctx.channel().config().setAutoRead(false);
                                }
                                ctx.fireChannelActive();
                            }
                        });
        channel.register();
        assertThat(asked).hasSize(1);
        assertThat(reads).isZero();
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private void allow() {
        asked.get(0).setSuccess(new Allow("yes", Set.of()));
        channel.runPendingTasks();
    }

    /** As epoll does when the peer has shut down its side, and with autoRead on. */
    private void read(int bytes) {
        channel.pipeline().fireChannelRead(Unpooled.wrappedBuffer(new byte[bytes]));
    }

    private int received() {
        int bytes = 0;
        for (ByteBuf buffer = channel.readInbound(); buffer != null; buffer = channel.readInbound()) {
            bytes += buffer.readableBytes();
            buffer.release();
        }
        return bytes;
    }

    @Test
    void autoRead_isOffWhileItIsDecided_andOnAgainAfterwards() {
        read(10);
        assertThat(channel.config().isAutoRead()).isFalse();
        allow();
        assertThat(channel.config().isAutoRead()).isTrue();
        assertThat(reads).isEqualTo(1);
        assertThat(received()).isEqualTo(10);
    }

    @Test
    void autoRead_thatOthersPutOnMeanwhile_isPutOffAtTheNextRead() {
        read(10);
        channel.config().setAutoRead(true);
        read(10);
        assertThat(channel.config().isAutoRead()).isFalse();
        assertThat(reads).isZero();
        allow();
        assertThat(channel.config().isAutoRead()).isTrue();
        assertThat(received()).isEqualTo(20);
    }

    @Test
    void autoRead_thatWasOff_staysOff() {
        channel.config().setAutoRead(false);
        read(10);
        allow();
        assertThat(channel.config().isAutoRead()).isFalse();
    }

    @Test
    void autoRead_thatAHandlerPutsOffWhenItIsLetIn_staysOff() {
        manual = true;
        read(10);
        allow();
        assertThat(channel.config().isAutoRead()).isFalse();
        assertThat(reads).isEqualTo(1); // which channelActive asked for, before
        assertThat(received()).isEqualTo(10);
    }

    @Test
    void oneRead_inSingleBytes_isNotTooMuch() {
        for (int i = 0; i < 65536; i++) {
            read(1);
        }
        allow();
        assertThat(received()).isEqualTo(65536);
    }

    @Test
    void moreThanAnyReadBrings_isDenied() {
        for (int i = 0; i < 256 && channel.isOpen(); i++) {
            read(65536);
        }
        assertThat(channel.isOpen()).isFalse();
        assertThat(PeerAccess.of(channel).decision())
                .hasToString("denied: the credentials are absent (FAILED: too much came in before it was decided)");
    }
}
