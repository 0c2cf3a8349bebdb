// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;

/** Answers requests: the same on a connection of HTTP/1.1 and on a stream of HTTP/2. */
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final PeerAuthorization authorization;

    AdminHandler(PeerAuthorization authorization) {
        this.authorization = authorization;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            FullHttpResponse response = response(HttpResponseStatus.BAD_REQUEST, "not a request\n");
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            ctx.writeAndFlush(response);
        } else if (!request.method().equals(HttpMethod.GET)) {
            ctx.writeAndFlush(response(HttpResponseStatus.METHOD_NOT_ALLOWED, "GET alone\n"));
        } else {
            ctx.writeAndFlush(answer(ctx.channel(), request.uri()));
        }
    }

    private FullHttpResponse answer(Channel channel, String uri) {
        UnixPeerCredentials peer = UnixPeerCredentials.of(channel).orElseThrow();
        return switch (new QueryStringDecoder(uri).path()) {
            case "/" -> response(HttpResponseStatus.OK, "you are " + peer + "\n");
            case "/admin" ->
                authorization.permits(channel, "admin", "GET " + uri)
                        ? response(HttpResponseStatus.OK, "welcome\n")
                        : response(HttpResponseStatus.FORBIDDEN, "user " + peer.uid() + " may not\n");
            default -> response(HttpResponseStatus.NOT_FOUND, "there is / and /admin\n");
        };
    }

    private static FullHttpResponse response(HttpResponseStatus status, String text) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(text, UTF_8));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
        response.headers()
                .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
        return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
