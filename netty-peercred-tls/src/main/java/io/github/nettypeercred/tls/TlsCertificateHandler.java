// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import io.github.nettypeercred.authz.CertificateAbsence;
import io.github.nettypeercred.authz.CertificateCaptureHandler;
import io.github.nettypeercred.authz.PeerCertificateEvent;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.OptionalSslHandler;
import io.netty.handler.ssl.SslClientHelloHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Captures the certificate of a peer when the handshake of the {@link SslHandler} in front has ended, stores it on the channel, fires one {@link
 * PeerCertificateEvent}, and leaves the pipeline:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new PeerCredentialsHandler()); // on a Unix domain socket, and there alone
 * channel.pipeline().addLast(context.newHandler(channel.alloc()));
 * channel.pipeline().addLast(new TlsCertificateHandler());
 * channel.pipeline().addLast(new PeerAuthorizationHandler(authorization));
 * channel.pipeline().addLast(new MyHandler()); // asks PeerIdentity.of(ctx.channel())
 * }</pre>
 *
 * <p>Which certificates are accepted is up to the trust manager of the {@code SslContext}, and whether one is asked for to its client authentication;
 * {@link MutualTls} makes one that does both. Nothing is verified by this handler but that the certificate is valid at this
 * time, which a resumed session does not tell.
 *
 * <p>If the handshake fails, if no {@code SslHandler} is in front, or if a message comes before the handshake has ended, the channel closes. Of TLS
 * within TLS it is the inner handshake, that of the nearest {@code SslHandler}. A channel has one certificate: a second handler closes it.
 *
 * <p>Where TLS begins in the middle of a connection, what was decided before stays as it is. Add another {@code PeerAuthorizationHandler} behind this
 * one, which decides again, on the certificate too, and holds what comes before.
 *
 * <p>Not sharable: an instance belongs to one channel.
 */
public final class TlsCertificateHandler extends CertificateCaptureHandler {
    /** Makes a handler for one channel. */
    public TlsCertificateHandler() {}

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            ctx.executor().execute(() -> look(ctx)); // the handlers behind may not be there yet
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        look(ctx);
        ctx.fireChannelActive();
    }

    /** Takes a handshake that has ended, and refuses a channel without TLS. */
    private void look(ChannelHandlerContext ctx) {
        if (isDone() || ctx.isRemoved()) {
            return;
        }
        ChannelHandler nearest = inFront(ctx);
        if (nearest instanceof SslHandler tls) {
            if (tls.handshakeFuture().isDone()) {
                take(ctx, tls);
            }
        } else if (!(nearest instanceof SslClientHelloHandler)) { // which an SslHandler replaces
            refused(
                    ctx,
                    new CertificateAbsence(
                            CertificateAbsence.Reason.TLS_FAILED, "there is no SslHandler in front: add one"));
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof SslHandshakeCompletionEvent ended && !isDone()) {
            if (ended.isSuccess()) {
                look(ctx); // of TLS within TLS it may be the end of the outer handshake
            } else {
                refused(ctx, HandshakeFailure.of(ended.cause()));
            }
        }
        ctx.fireUserEventTriggered(evt);
    }

    private void take(ChannelHandlerContext ctx, SslHandler tls) {
        Throwable cause = tls.handshakeFuture().cause();
        if (cause == null) {
            captured(ctx, tls.engine().getSession());
        } else {
            refused(ctx, HandshakeFailure.of(cause));
        }
    }

    /** The nearest handler in front that is of TLS, or that may become so. */
    private static @Nullable ChannelHandler inFront(ChannelHandlerContext ctx) {
        ChannelHandler nearest = null;
        for (Map.Entry<String, ChannelHandler> each : ctx.pipeline()) {
            ChannelHandler handler = each.getValue();
            if (handler == ctx.handler()) {
                break;
            }
            if (handler instanceof SslHandler
                    || handler instanceof SslClientHelloHandler
                    || handler instanceof OptionalSslHandler) {
                nearest = handler;
            }
        }
        return nearest;
    }
}
