// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The last bytes to a peer that is denied, before its channel closes.
 *
 * @param bytes makes them; null for none
 * @param deadline after which the channel closes, whether or not the peer has taken them
 */
record Farewell(@Nullable Function<? super Deny, ? extends @Nullable ByteBuf> bytes, Duration deadline) {
    void sayAndClose(ChannelHandlerContext ctx, Deny why) {
        ByteBuf message = make(ctx, why);
        if (message == null) {
            ctx.close();
            return;
        }
        Future<?> timer = ctx.executor().schedule(() -> ctx.close(), deadline.toNanos(), TimeUnit.NANOSECONDS);
        ctx.writeAndFlush(message).addListener(sent -> {
            timer.cancel(false);
            ctx.close();
        });
    }

    private @Nullable ByteBuf make(ChannelHandlerContext ctx, Deny why) {
        if (bytes == null || !ctx.channel().isActive()) {
            return null;
        }
        try {
            return bytes.apply(why);
        } catch (Throwable e) {
            Log.warn("the farewell could not be made", e);
            return null;
        }
    }
}
