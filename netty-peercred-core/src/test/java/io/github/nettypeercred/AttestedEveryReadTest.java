// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A system that attaches credentials to the first message of a stream alone. */
class AttestedEveryReadTest {
    private static final Absence FIRST_ALONE = new Absence(AbsenceReason.UNSUPPORTED, "the first alone");

    private static List<Object> events(ChannelHandler handler, EmbeddedChannel channel) {
        List<Object> events = new ArrayList<>();
        ScriptedTransport.setLooks(channel, (request, factory) -> null);
        ScriptedTransport.refuseEveryRead(channel, FIRST_ALONE);
        channel.pipeline().addLast(handler, new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                events.add(event);
            }
        });
        channel.runPendingTasks();
        return events;
    }

    @Test
    void everyRead_isRefusedAtTheStart() {
        EmbeddedChannel channel = new EmbeddedChannel();

        assertThat(events(EveryReadHandler.builder().build(), channel))
                .containsExactly(new PeerCredentialsEvent.Refused(FIRST_ALONE));
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void firstRead_isWaitedFor() {
        EmbeddedChannel channel = new EmbeddedChannel();

        assertThat(events(PeerCredentialsHandler.builder().firstRead().build(), channel))
                .isEmpty();
        assertThat(channel.isOpen()).isTrue();
        channel.finishAndReleaseAll();
    }
}
