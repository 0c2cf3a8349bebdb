// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream into messages as RFC 6587 has it: if it begins with a digit each message has its length in front, else each ends with a
 * newline, or with the NUL of syslog(3) and Python's SysLogHandler. What has no end when the stream ends is one too.
 */
final class SyslogDecoder extends ByteToMessageDecoder {
    private static final int MOST_DIGITS = 4;
    private static final Pattern LENGTH = Pattern.compile("[1-9][0-9]*");

    private @Nullable Boolean counted; // null before the first byte

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (counted == null) {
            byte first = in.getByte(in.readerIndex());
            counted = first >= '1' && first <= '9';
        }
        if (counted) {
            counted(in, out);
        } else {
            terminated(in, out);
        }
    }

    private static void counted(ByteBuf in, List<Object> out) {
        int start = in.readerIndex();
        int digits = in.bytesBefore(Math.min(in.readableBytes(), MOST_DIGITS + 1), (byte) ' ');
        if (digits < 0 && in.readableBytes() > MOST_DIGITS) {
            throw new CorruptedFrameException("a length of more than " + MOST_DIGITS + " digits");
        }
        if (digits >= 0) {
            String said = in.toString(start, digits, US_ASCII);
            if (!LENGTH.matcher(said).matches()) {
                throw new CorruptedFrameException("no length: " + said);
            }
            int length = Integer.parseInt(said);
            if (length > LogServer.MAX_LINE) {
                throw new CorruptedFrameException("longer than " + LogServer.MAX_LINE + " bytes: " + length);
            }
            if (in.readableBytes() > digits + length) {
                out.add(in.skipBytes(digits + 1).readRetainedSlice(length));
            }
        }
    }

    private static void terminated(ByteBuf in, List<Object> out) {
        int most = Math.min(in.readableBytes(), LogServer.MAX_LINE);
        int end = in.forEachByte(in.readerIndex(), most, each -> each != '\n' && each != 0);
        if (end < 0 && most < LogServer.MAX_LINE) {
            return;
        }
        int length = end < 0 ? most : end - in.readerIndex();
        if (length > 0) {
            out.add(in.readRetainedSlice(length));
        }
        in.skipBytes(end < 0 ? 0 : 1);
    }

    @Override
    protected void decodeLast(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        super.decodeLast(ctx, in, out);
        if (in.isReadable() && out.isEmpty()) {
            out.add(in.readRetainedSlice(in.readableBytes()));
        }
    }
}
