// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Takes lines that end with CR LF out of a stream, and not a byte more. */
final class LineReader {
    private final int maxLength;
    private final StringBuilder line = new StringBuilder();
    private boolean tooLong;

    /** Makes a reader of lines with at most so many bytes before their end. */
    LineReader(int maxLength) {
        this.maxLength = maxLength;
    }

    /** The next line without its end, a character for a byte; null if it is not there yet or too long. */
    @Nullable
    String next(ByteBuf bytes) {
        while (bytes.isReadable() && !tooLong) {
            char each = (char) bytes.readUnsignedByte();
            int length = line.length();
            if (each == '\n' && length > 0 && line.charAt(length - 1) == '\r') {
                String text = line.substring(0, length - 1);
                line.setLength(0);
                return text;
            }
            line.append(each);
            tooLong = length > maxLength || (length == maxLength && each != '\r');
        }
        return null;
    }

    boolean isTooLong() {
        return tooLong;
    }

    /** Whether a line is of printable ASCII alone, as the protocol wants it and a log can show it. */
    static boolean isPrintable(String line) {
        return line.chars().allMatch(each -> each >= ' ' && each <= '~');
    }
}
