// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsResult;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A last handler that writes down all it sees, in order, each as one text, and does then what a test asked for. */
final class Recorder extends ChannelInboundHandlerAdapter {
    private final List<String> seen = new ArrayList<>();
    private final Map<String, Consumer<ChannelHandlerContext>> hooks = new HashMap<>();
    private @Nullable PeerCredentialsEvent event;

    /** Does something at a kind of event: the first word of its text. */
    Recorder at(String kind, Consumer<ChannelHandlerContext> hook) {
        hooks.put(kind, hook);
        return this;
    }

    /** What was seen: "Captured UID", "Refused REASON", "Admitted REASON", "active", "read TEXT", "event TEXT" and so on. */
    synchronized List<String> seen() {
        return List.copyOf(seen);
    }

    /** The result that was announced. */
    synchronized PeerCredentialsResult announced() {
        return Objects.requireNonNull(event, "no announcement").result();
    }

    private void record(ChannelHandlerContext ctx, String kind, String detail) {
        synchronized (this) {
            seen.add(kind + detail);
        }
        Consumer<ChannelHandlerContext> hook = hooks.get(kind);
        if (hook != null) {
            hook.accept(ctx);
        }
    }

    private static String text(Object message) {
        return message instanceof ByteBuf bytes ? bytes.toString(StandardCharsets.UTF_8) : message.toString();
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        record(ctx, "active", "");
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        record(ctx, "inactive", "");
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        String text = text(msg);
        ReferenceCountUtil.release(msg);
        record(ctx, "read", " " + text);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        record(ctx, "complete", "");
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        record(ctx, "writability", "");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        record(ctx, "exception", " " + cause.getMessage());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof PeerCredentialsEvent announced) {
            synchronized (this) {
                event = announced;
            }
            record(
                    ctx,
                    announced.getClass().getSimpleName(),
                    " "
                            + announced
                                    .result()
                                    .credentials()
                                    .map(peer -> Long.toString(peer.uid()))
                                    .orElseGet(() -> announced
                                            .result()
                                            .absence()
                                            .orElseThrow()
                                            .reason()
                                            .name()));
            return;
        }
        String text = text(evt);
        ReferenceCountUtil.release(evt);
        record(ctx, "event", " " + text);
    }
}
