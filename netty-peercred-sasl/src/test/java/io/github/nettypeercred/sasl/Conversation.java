// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;

/** A channel with handlers under test, what they send, and what the handler behind them sees. */
final class Conversation {
    /** In the order in which it came: events, "active", "inactive", "read TEXT". */
    final List<Object> seen = new ArrayList<>();

    final EmbeddedChannel channel = new EmbeddedChannel(false, false);

    private final List<ByteBuf> said = new ArrayList<>();

    /** Has the channel become active with these handlers. */
    Conversation begin(ChannelHandler... handlers) {
        channel.pipeline().addLast(new Freezer()).addLast(handlers).addLast(new Recorder());
        try {
            channel.register();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return this;
    }

    /** The peer says something, a character for a byte; returns what it is answered. */
    String say(String bytes) {
        ByteBuf message = Unpooled.copiedBuffer(bytes, ISO_8859_1);
        said.add(message);
        channel.pipeline().fireChannelRead(message).fireChannelReadComplete(); // also when it is closed
        channel.runPendingTasks();
        return answers();
    }

    /** What has been sent since it was last asked. */
    String answers() {
        StringBuilder text = new StringBuilder();
        for (ByteBuf each = channel.readOutbound(); each != null; each = channel.readOutbound()) {
            text.append(each.toString(ISO_8859_1));
            each.release();
        }
        return text.toString();
    }

    /** What the handler behind has read, joined. */
    String read() {
        StringBuilder text = new StringBuilder();
        for (Object each : seen) {
            if (each instanceof String line && line.startsWith("read ")) {
                text.append(line.substring("read ".length()));
            }
        }
        return text.toString();
    }

    boolean isOpen() {
        channel.runPendingTasks();
        return channel.isOpen();
    }

    <T extends ExternalEvent> T last(Class<T> type) {
        return type.cast(seen.stream()
                .filter(type::isInstance)
                .reduce((first, second) -> {
                    throw new AssertionError("twice: " + seen);
                })
                .orElseThrow(() -> new AssertionError("no " + type + " in " + seen)));
    }

    boolean has(Class<? extends ExternalEvent> type) {
        return seen.stream().anyMatch(type::isInstance);
    }

    void assertNothingLeaks() {
        channel.finishAndReleaseAll();
        assertThat(said).allMatch(message -> message.refCnt() == 0);
    }

    /** Has time stand still before the channel is active. */
    private final class Freezer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRegistered(ChannelHandlerContext ctx) {
            channel.freezeTime();
            ctx.fireChannelRegistered();
        }
    }

    private final class Recorder extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            seen.add("active");
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            seen.add("inactive");
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            seen.add(evt);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf bytes = (ByteBuf) msg;
            seen.add("read " + bytes.toString(ISO_8859_1));
            bytes.release();
        }
    }
}
