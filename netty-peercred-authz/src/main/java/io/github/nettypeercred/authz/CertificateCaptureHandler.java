// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import javax.net.ssl.SSLSession;

/**
 * What a handler has in common that captures a peer's certificate when a TLS handshake ends: it stores the result on the channel, fires one
 * {@link PeerCertificateEvent} and leaves the pipeline. {@code netty-peercred-tls} has the one for Netty's {@code SslHandler}. A channel has one result: a
 * second capture closes it.
 *
 * <p>A {@link PeerAuthorizationHandler} behind it decides when the result is there. No message passes before. A message ahead of the result
 * closes the channel, and so does the removal of this handler.
 *
 * <p>Not sharable: an instance belongs to one channel.
 */
public abstract class CertificateCaptureHandler extends ChannelInboundHandlerAdapter {
    private boolean done;
    private boolean refused;

    /** For a handler of one channel. */
    protected CertificateCaptureHandler() {}

    /**
     * Returns whether the result is there.
     *
     * @return whether {@link #captured} or {@link #refused} was called
     */
    protected final boolean isDone() {
        return done;
    }

    /**
     * Takes the session of a handshake that was <strong>completed</strong>, in which the trust manager has accepted whatever certificate the peer has
     * shown. On the handler's executor. Only the first call counts.
     *
     * @param ctx the handler's context
     * @param session the session
     */
    protected final void captured(ChannelHandlerContext ctx, SSLSession session) {
        if (done) {
            return;
        }
        PeerCertificateResult result = StoredCertificate.isStored(ctx.channel())
                ? new CertificateAbsence(
                        CertificateAbsence.Reason.TLS_FAILED,
                        "a certificate was captured before: capture one a channel")
                : PeerCertificate.of(session);
        if (result instanceof CertificateAbsence absence && absence.reason() != CertificateAbsence.Reason.NOT_SHOWN) {
            refused(ctx, absence);
            return;
        }
        done = true;
        StoredCertificate.store(ctx.channel(), result);
        ctx.fireUserEventTriggered(new PeerCertificateEvent.Captured(result));
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    /**
     * Refuses a peer whose handshake has failed, and closes the channel. On the handler's executor. Only the first call counts.
     *
     * @param ctx the handler's context
     * @param absence why
     */
    protected final void refused(ChannelHandlerContext ctx, CertificateAbsence absence) {
        if (done) {
            return;
        }
        done = true;
        refused = true;
        StoredCertificate.store(ctx.channel(), absence); // in place of a certificate, too
        Log.debug("{}: closing {}", absence, ctx.channel());
        try {
            ctx.fireUserEventTriggered(new PeerCertificateEvent.Refused(absence));
        } finally {
            ctx.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (!done) {
            refused(
                    ctx,
                    new CertificateAbsence(
                            CertificateAbsence.Reason.TLS_FAILED, "a message came ahead of the end of the handshake"));
        }
        if (refused) {
            ReferenceCountUtil.release(msg);
        } else {
            ctx.fireChannelRead(msg);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (!done && ctx.channel().isOpen()) {
            Log.debug("{}: closing {}", "the handler was removed before the end of the handshake", ctx.channel());
            ctx.close();
        }
    }
}
