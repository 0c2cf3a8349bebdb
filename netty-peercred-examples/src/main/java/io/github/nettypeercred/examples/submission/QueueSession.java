// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static io.netty.channel.ChannelFutureListener.CLOSE;
import static io.netty.channel.ChannelFutureListener.CLOSE_ON_FAILURE;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.concurrent.Callable;

/** Answers one client, line by line, on a thread that may block. Nothing more is read until the lines of a read are answered. */
abstract class QueueSession extends SimpleChannelInboundHandler<ByteBuf> {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance(QueueSession.class);

    final SubmissionQueue queue;
    private final String greeting;
    private final EventExecutor worker;

    QueueSession(SubmissionQueue queue, String greeting) {
        this.queue = queue;
        this.greeting = greeting;
        worker = queue.workers().next();
    }

    /** Answers a line, which has its end. One longer than {@link Lines#LONGEST} lacks its beginning. An empty answer is none. */
    abstract String answer(Channel peer, String line) throws Exception;

    static String tried(Channel peer, Callable<String> answer) {
        try {
            return answer.call();
        } catch (Exception e) {
            LOGGER.warn("{}: not done", peer, e);
            return "451 4.3.0 not now";
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.writeAndFlush(Unpooled.copiedBuffer(greeting + "\r\n", ISO_8859_1));
        ctx.read();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf frame) {
        String line = frame.toString(ISO_8859_1);
        worker.execute(() -> {
            String answer = tried(ctx.channel(), () -> answer(ctx.channel(), line));
            if (!answer.isEmpty()) {
                ctx.write(Unpooled.copiedBuffer(answer + "\r\n", ISO_8859_1))
                        .addListener(answer.startsWith("221 ") ? CLOSE : CLOSE_ON_FAILURE);
            }
        });
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        worker.execute(() -> ctx.flush().read());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
