// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What C takes: text that ends in NUL, and numbers in the order of this machine. */
final class CString {
    private CString() {}

    static ByteBuffer of(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a NUL in: " + text.replace('\0', '?'));
        }
        byte[] bytes = text.getBytes(UTF_8);
        return ByteBuffer.allocateDirect(bytes.length + 1).put(0, bytes);
    }

    static ByteBuffer ints(int count) {
        return ByteBuffer.allocateDirect(count * Integer.BYTES).order(ByteOrder.nativeOrder());
    }
}
