// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Writes replies, in little endian: of values that are strings (s) or uids, gids and the like (u). */
final class Reply {
    private static final int METHOD_RETURN = 2;
    private static final int ERROR = 3;
    private static final int ERROR_NAME = 4;
    private static final int REPLY_SERIAL = 5;
    private static final int SIGNATURE = 8;

    private Reply() {}

    static ByteBuf of(MethodCall call, int serial, Object... values) {
        return message(METHOD_RETURN, "", call, serial, values);
    }

    static ByteBuf error(MethodCall call, int serial, String name, String text) {
        return message(ERROR, name, call, serial, text);
    }

    private static ByteBuf message(int type, String errorName, MethodCall call, int serial, Object... values) {
        ByteBuf body = Unpooled.buffer();
        StringBuilder signature = new StringBuilder();
        for (Object value : values) {
            if (value instanceof Long number) {
                signature.append('u');
                align(body, 4).writeIntLE((int) (long) number);
            } else {
                signature.append('s');
                string(body, (String) value);
            }
        }
        ByteBuf out = Unpooled.buffer();
        out.writeByte('l').writeByte(type).writeByte(1).writeByte(1);
        out.writeIntLE(body.readableBytes()).writeIntLE(serial).writeIntLE(0);
        field(out, REPLY_SERIAL, 'u').writeIntLE(call.serial());
        if (type == ERROR) {
            string(field(out, ERROR_NAME, 's'), errorName);
        }
        if (signature.length() > 0) {
            field(out, SIGNATURE, 'g').writeByte(signature.length());
            out.writeCharSequence(signature, UTF_8);
            out.writeByte(0);
        }
        out.setIntLE(12, out.writerIndex() - 16);
        align(out, 8).writeBytes(body);
        body.release();
        return out;
    }

    private static ByteBuf field(ByteBuf out, int code, char type) {
        return align(out, 8).writeByte(code).writeByte(1).writeByte(type).writeByte(0);
    }

    private static void string(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        align(out, 4).writeIntLE(bytes.length).writeBytes(bytes).writeByte(0);
    }

    private static ByteBuf align(ByteBuf out, int to) {
        return out.writeZero((to - out.writerIndex() % to) % to);
    }
}
