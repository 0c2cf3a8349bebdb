// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one read brought, while a go-on handshake holds it, together with who sent it: by the time that it passes, other reads have
 * been looked at. Its last release lets go of both.
 */
final class HeldRead extends AbstractReferenceCounted {
    private final ByteBuf bytes;
    private final @Nullable EveryReadHandler asking; // behind; null if there is none
    private final @Nullable PeerCredentialsResult from;

    private HeldRead(ByteBuf bytes, @Nullable EveryReadHandler asking) {
        this.bytes = bytes;
        this.asking = asking;
        from = asking == null ? null : asking.takeLook(bytes);
    }

    /** Holds bytes that have just been read. */
    static HeldRead of(ChannelHandlerContext ctx, ByteBuf bytes) {
        for (Map.Entry<String, ChannelHandler> each : ctx.pipeline()) {
            if (each.getValue() instanceof EveryReadHandler asking) {
                return new HeldRead(bytes, asking);
            }
        }
        return new HeldRead(bytes, null);
    }

    /** Passes the bytes on to the next handler. */
    void pass(ChannelHandlerContext ctx) {
        if (asking != null) {
            asking.putLookBack(bytes, from);
        }
        ctx.fireChannelRead(bytes);
    }

    @Override
    public ReferenceCounted touch(Object hint) {
        return this;
    }

    @Override
    protected void deallocate() {
        MessageTime.discard(from);
        bytes.release();
    }
}
