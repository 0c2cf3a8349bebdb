// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.http;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.util.List;

/** Tells HTTP/2 from HTTP/1.1 by its preface (RFC 9113, section 3.4), and leaves the connection to the handlers of either. */
final class Http1OrHttp2Handler extends ByteToMessageDecoder {
    private static final int LONGEST_REQUEST = 65536;
    private static final int STREAMS = 100;

    private final ByteBuf preface = Http2CodecUtil.connectionPrefaceBuf();
    private final PeerAuthorization authorization;

    Http1OrHttp2Handler(PeerAuthorization authorization) {
        this.authorization = authorization;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        int length = Math.min(in.readableBytes(), preface.readableBytes());
        if (!ByteBufUtil.equals(preface, preface.readerIndex(), in, in.readerIndex(), length)) {
            addHttp1(ctx.pipeline());
        } else if (length == preface.readableBytes()) {
            addHttp2(ctx.pipeline());
        } else {
            return; // either may follow
        }
        ctx.pipeline().remove(this); // which passes on what has been read
    }

    private void addHttp1(ChannelPipeline pipeline) {
        pipeline.addLast(new HttpServerCodec(), new HttpServerKeepAliveHandler());
        addApplication(pipeline);
    }

    private void addHttp2(ChannelPipeline pipeline) {
        pipeline.addLast(
                Http2FrameCodecBuilder.forServer()
                        .initialSettings(Http2Settings.defaultSettings().maxConcurrentStreams(STREAMS))
                        .build(),
                new Http2MultiplexHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel stream) {
                        stream.pipeline().addLast(new Http2StreamFrameToHttpObjectCodec(true));
                        addApplication(stream.pipeline());
                    }
                }));
    }

    private void addApplication(ChannelPipeline pipeline) {
        pipeline.addLast(new HttpObjectAggregator(LONGEST_REQUEST), new AdminHandler(authorization));
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) {
        preface.release();
    }
}
