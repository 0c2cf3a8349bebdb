// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.TooLongFrameException;
import java.util.List;

/**
 * Cuts the stream into D-Bus messages and hands on the method calls among them (D-Bus specification, "Message Protocol"). Whatever is
 * no proper message throws, and the connection is to be closed.
 */
final class MethodCallDecoder extends ByteToMessageDecoder {
    private static final int MAX_LENGTH = 64 * 1024; // of header and body each; the specification allows 128 MiB
    private static final int FIXED_HEADER = 16;
    private static final byte METHOD_CALL = 1;
    private static final byte NO_REPLY_EXPECTED = 1;

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (in.readableBytes() < FIXED_HEADER) {
            return;
        }
        int start = in.readerIndex();
        byte order = in.getByte(start);
        if ((order != 'l' && order != 'B') || in.getByte(start + 3) != 1) {
            throw new CorruptedFrameException("neither byte order nor version 1");
        }
        boolean little = order == 'l';
        int body = length(in, start + 4, little);
        int fields = length(in, start + 12, little);
        int total = align(FIXED_HEADER + fields, 8) + body;
        if (in.readableBytes() >= total) {
            ByteBuf message = in.readSlice(total);
            if (message.getByte(1) == METHOD_CALL) {
                out.add(call(message, fields, little));
            }
        }
    }

    private static MethodCall call(ByteBuf message, int fields, boolean little) {
        String[] values = {"", "", "", "", "", "", "", "", "", ""};
        int end = FIXED_HEADER + fields;
        for (int at = FIXED_HEADER; at < end; ) {
            at = align(at, 8);
            int code = message.getUnsignedByte(at);
            if (message.getByte(at + 1) != 1) {
                throw new CorruptedFrameException("a header field of more than one type");
            }
            int type = message.getByte(at + 2);
            at += 4;
            String value = "";
            if (type == 's' || type == 'o') {
                int length = length(message, at, little);
                value = message.toString(at + 4, length, UTF_8);
                at += 4 + length + 1;
            } else if (type == 'g') {
                int length = message.getUnsignedByte(at);
                value = message.toString(at + 1, length, UTF_8);
                at += 1 + length + 1;
            } else if (type == 'u') {
                at += 4;
            } else {
                throw new CorruptedFrameException("a header field of another type");
            }
            if (code < values.length) {
                values[code] = value;
            }
        }
        int serial = little ? message.getIntLE(8) : message.getInt(8);
        if (serial == 0 || values[1].isEmpty() || values[3].isEmpty()) {
            throw new CorruptedFrameException("a method call without serial, path or member");
        }
        boolean replyExpected = (message.getByte(2) & NO_REPLY_EXPECTED) == 0;
        return new MethodCall(serial, replyExpected, values[1], values[2], values[3], values[8]);
    }

    private static int length(ByteBuf in, int at, boolean little) {
        long length = little ? in.getUnsignedIntLE(at) : in.getUnsignedInt(at);
        if (length > MAX_LENGTH) {
            throw new TooLongFrameException("longer than " + MAX_LENGTH + " bytes: " + length);
        }
        return (int) length;
    }

    private static int align(int at, int to) {
        return (at + to - 1) / to * to;
    }
}
