// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/**
 * Cuts a stream into lines, each with its end. Of a line that is too long the last {@value #LONGEST} bytes and one are left: it can be
 * told by that, and by what it ends with.
 */
final class Lines extends ByteToMessageDecoder {
    /** How many bytes a line may have, its end included. */
    static final int LONGEST = 8192;

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        int end = in.bytesBefore((byte) '\n') + 1; // 0 if it has not come yet
        int length = end > 0 ? end : in.readableBytes();
        int left = Math.min(length, LONGEST + 1);
        in.skipBytes(length - left);
        if (end > 0) {
            out.add(in.readRetainedSlice(left));
        }
    }
}
