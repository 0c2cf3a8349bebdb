// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of a go-on handshake on a Unix domain socket: tells the peer to go on, takes its answer out of the stream,
 * and only then lets anything pass, in either direction; then it leaves the pipeline.
 *
 * <p>Add it right in front of the handler that captures:
 *
 * <pre>{@code
 * channel.pipeline().addLast(
 *         new GoOnServerHandler(), // and on the other side a GoOnClientHandler
 *         PeerCredentialsHandler.builder().firstRead().build(),
 *         new MyIpcHandler());
 * }</pre>
 *
 * <p>The first read is then that of the answer: who sent it is captured, all of it by one sender or the peer is refused, and announced
 * before anything else passes. What comes after the answer goes on untouched. With a handler that captures at connect the handshake
 * is a synchronisation alone.
 *
 * <p>The handlers behind hear of {@code channelActive} after the handshake, and their writes and flushes are held until then, in
 * order. <strong>A peer is refused</strong> ({@link PeerCredentialsEvent.Refused}, then the channel is closed and held writes fail
 * with {@link AbsentException}) if bytes of its are there before the server's message is sent ({@link AbsenceReason#TOO_EARLY}; bytes
 * on their way at that moment cannot be told from an answer), if it answers something else ({@link AbsenceReason#WRONG_MESSAGE}), ends the
 * stream, or does not answer in time.
 *
 * <p>Not sharable: an instance belongs to one channel. It works on the channel's event loop alone.
 */
public final class GoOnServerHandler extends GoOnHandler {
    /** Makes a handler for the default handshake. */
    public GoOnServerHandler() {
        this(GoOn.ofDefault());
    }

    /**
     * Makes a handler.
     *
     * @param goOn what is said
     */
    public GoOnServerHandler(GoOn goOn) {
        super(goOn, goOn.message(), goOn.answer());
    }

    @Override
    void begin(ChannelHandlerContext ctx) {
        if (isSilent()) {
            await(ctx);
            return;
        }
        Absence early = seenAhead(Transports.peek(ctx.channel(), CaptureRequest.IDS_ONLY, MessageTime.FIRST_READ));
        if (early == null) {
            await(ctx);
            say(ctx);
        } else {
            refuse(ctx, early);
        }
    }

    @Override
    void heard(ChannelHandlerContext ctx) {
        finish(ctx);
    }

    @Override
    boolean mayHearBeforeBegin() {
        return isSilent();
    }

    /** Why a peer is refused of which this is there to be read; null if it is not. */
    private static @Nullable Absence seenAhead(@Nullable PeerCredentialsResult seen) {
        if (seen == null) {
            return null;
        }
        AbsenceReason reason = seen instanceof Absence absence ? absence.reason() : AbsenceReason.TOO_EARLY;
        return switch (reason) {
            case UNSUPPORTED -> null; // a transport that cannot look
            case NO_DATA, FAILED -> (Absence) seen;
            default -> TOO_EARLY;
        };
    }
}
