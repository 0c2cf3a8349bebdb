// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.identity;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerCertificate;
import io.github.nettypeercred.tls.PeerIdentity;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.TreeSet;

/** Tells each client who it is and what it may do. */
final class WhoAmI extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        PeerIdentity identity = PeerIdentity.of(ctx.channel());
        String who;
        if (identity instanceof PeerIdentity.ByCredentials peer) {
            who = user(peer.credentials());
        } else if (identity instanceof PeerIdentity.ByCertificate peer) {
            who = name(peer.certificate());
        } else if (identity instanceof PeerIdentity.ByBoth peer) {
            who = user(peer.credentials()) + " and " + name(peer.certificate());
        } else {
            throw new IllegalStateException("let in without an identity: " + identity);
        }
        String text =
                who + ", may " + new TreeSet<>(PeerAccess.of(ctx.channel()).grants()) + "\n";
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.copiedBuffer(text, UTF_8));
        response.headers()
                .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
        ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    private static String user(UnixPeerCredentials peer) {
        return "user " + peer.uid();
    }

    private static String name(PeerCertificate certificate) {
        return certificate.spiffeId().orElse(certificate.subject());
    }
}
