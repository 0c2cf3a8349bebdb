// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import java.util.Map;

/**
 * What is yet to be captured in a pipeline.
 *
 * @param order whether it has to be looked whether a handler that captures stands behind; not where the only one is the first of all
 * @param firstRead whether who sends the first bytes is to come
 * @param everyRead whether each read has a sender
 * @param certificate whether the peer's certificate is to come
 */
record Captures(boolean order, boolean firstRead, boolean everyRead, boolean certificate) {
    static Captures of(ChannelPipeline pipeline) {
        PeerCredentialsHandler capture = pipeline.get(PeerCredentialsHandler.class);
        boolean everyRead = pipeline.get(EveryReadHandler.class) != null || pipeline.get(AttestedDecoder.class) != null;
        boolean certificate = pipeline.get(CertificateCaptureHandler.class) != null;
        return new Captures(
                everyRead || certificate || (capture != null && pipeline.first() != capture),
                capture != null && capture.capturesFirstRead(),
                everyRead,
                certificate);
    }

    boolean ofSender() {
        return firstRead || everyRead;
    }

    /** Whether a handler that captures stands behind another, where it does not see what that one decides on. */
    static boolean standBehind(ChannelHandlerContext ctx) {
        boolean behind = false;
        for (Map.Entry<String, ChannelHandler> each : ctx.pipeline()) {
            ChannelHandler handler = each.getValue();
            if (behind && captures(handler)) {
                return true;
            }
            behind |= handler == ctx.handler();
        }
        return false;
    }

    private static boolean captures(ChannelHandler handler) {
        return handler instanceof PeerCredentialsHandler
                || handler instanceof EveryReadHandler
                || handler instanceof AttestedDecoder
                || handler instanceof CertificateCaptureHandler;
    }
}
