// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.channel.ChannelHandlerContext;

/**
 * The client's side of a go-on handshake on a Unix domain socket: waits for the server's message, takes it out of the stream,
 * answers, and only then lets anything pass, in either direction; then it leaves the pipeline.
 *
 * <p>To attach credentials to the answer, have a {@link SendCredentialsHandler} in front; without, the kernel shows a server that asks
 * this process's real ids:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new SendCredentialsHandler(), new GoOnClientHandler(), new MyIpcHandler());
 * }</pre>
 *
 * <p>The handlers behind hear of {@code channelActive} when the answer has been sent, and their writes and flushes are held until
 * then, in order; what the server sends after its message goes on untouched. A {@link PeerCredentialsHandler} behind this one that captures
 * the first read captures who sent the server's message, before the answer is sent; one that captures at connect does so
 * after the handshake, so put it in front to know the server before it gets a byte.
 *
 * <p><strong>The server is refused</strong> ({@link PeerCredentialsEvent.Refused}, then the channel is closed and held writes fail with
 * {@link AbsentException}) if it says something else ({@link AbsenceReason#WRONG_MESSAGE}), ends the stream, or says nothing in time. If
 * the answer cannot be sent, {@code exceptionCaught} gets the cause, such as a {@link CredentialsNotSentException}, before that.
 *
 * <p>Not sharable: an instance belongs to one channel. It works on the channel's event loop alone.
 */
public final class GoOnClientHandler extends GoOnHandler {
    /** Makes a handler for the default handshake. */
    public GoOnClientHandler() {
        this(GoOn.ofDefault());
    }

    /**
     * Makes a handler.
     *
     * @param goOn what is said
     */
    public GoOnClientHandler(GoOn goOn) {
        super(goOn, goOn.answer(), goOn.message());
    }

    @Override
    void begin(ChannelHandlerContext ctx) {
        await(ctx);
    }

    @Override
    void heard(ChannelHandlerContext ctx) {
        say(ctx).addListener(said -> {
            if (said.isSuccess()) {
                finish(ctx);
            }
        });
    }

    @Override
    boolean mayHearBeforeBegin() {
        return true;
    }
}
