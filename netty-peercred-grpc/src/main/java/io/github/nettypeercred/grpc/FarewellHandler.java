// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Stands in front of the handler that decides, and has a denied peer told so in HTTP/2 without TLS (RFC 9113): a server's first frame, which is the
 * farewell of the handler that decides; and once the peer has sent a request, GOAWAY with INADEQUATE_SECURITY. Then gRPC clients end the
 * call with PERMISSION_DENIED. Before it has sent the request, a client would take it for not seen and try again.
 *
 * <p>After that the output is closed, and what the peer sends is discarded until it closes too; all of this for a second, and for so many
 * bytes, at most. The handler is taken out of the pipeline when the peer is let in.
 */
final class FarewellHandler extends ChannelDuplexHandler {
    private static final int SECONDS = 1;
    private static final int BYTES = 1 << 17;

    private static final int PREFACE = 24;
    private static final int FRAME_HEADER = 9;
    private static final byte HEADERS = 1;

    /** SETTINGS without payload (6.5). */
    private static final byte[] SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

    /** GOAWAY (6.8): 8 bytes of payload, on stream 0; the last stream is any; INADEQUATE_SECURITY (7). */
    private static final byte[] GOAWAY = {0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, -1, -1, -1, 0, 0, 0, 0xc};

    /** How many more denied peers may be told: the others are closed at once, or they would take all descriptors. */
    private final Semaphore room;

    private final byte[] header = new byte[FRAME_HEADER];
    private int headerBytes;
    /** How many bytes are left before the next frame's header. */
    private int toSkip = PREFACE;

    private boolean requested;
    private boolean begun;
    private boolean closing;
    private boolean said;
    private int discarded;

    FarewellHandler(Semaphore room) {
        this.room = room;
    }

    /** Returns what a denied peer is sent first. */
    static ByteBuf farewell() {
        return Unpooled.wrappedBuffer(SETTINGS).asReadOnly();
    }

    /** What is written before the peer is let in is the farewell. */
    @Override
    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
        begun = true;
        ctx.write(msg, promise);
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (closing || !begun || !ctx.channel().isActive() || !room.tryAcquire()) {
            ctx.close(promise);
            return;
        }
        closing = true;
        Future<?> timer = ctx.executor()
                .schedule(
                        () -> {
                            sayGoAway(ctx);
                            ctx.close();
                        },
                        SECONDS,
                        TimeUnit.SECONDS);
        ctx.channel().closeFuture().addListener(closed -> {
            room.release();
            timer.cancel(false);
            promise.trySuccess();
        });
        if (requested) {
            sayGoAway(ctx);
        }
        ctx.read();
    }

    private void sayGoAway(ChannelHandlerContext ctx) {
        if (said) {
            return;
        }
        said = true;
        ctx.writeAndFlush(Unpooled.wrappedBuffer(GOAWAY).asReadOnly()).addListener((ChannelFutureListener) sent -> {
            if (sent.isSuccess() && ctx.channel() instanceof DuplexChannel channel) {
                channel.shutdownOutput();
            } else {
                ctx.close();
            }
        });
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (msg instanceof ByteBuf bytes) {
            discarded += bytes.readableBytes();
            look(bytes);
        }
        if (!closing) {
            ctx.fireChannelRead(msg);
            return;
        }
        ReferenceCountUtil.release(msg);
        if (requested) {
            sayGoAway(ctx);
        }
        if (discarded > BYTES) {
            ctx.close();
        }
    }

    /** Looks for the first frame of a request. */
    private void look(ByteBuf bytes) {
        int at = bytes.readerIndex();
        while (at < bytes.writerIndex() && !requested) {
            if (toSkip > 0) {
                int skipped = Math.min(toSkip, bytes.writerIndex() - at);
                toSkip -= skipped;
                at += skipped;
            } else {
                header[headerBytes++] = bytes.getByte(at++);
                if (headerBytes == FRAME_HEADER) {
                    headerBytes = 0;
                    toSkip = (header[0] & 0xff) << 16 | (header[1] & 0xff) << 8 | (header[2] & 0xff);
                    requested = header[3] == HEADERS;
                }
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (closing) {
            ctx.read();
        } else {
            ctx.fireChannelReadComplete();
        }
    }
}
