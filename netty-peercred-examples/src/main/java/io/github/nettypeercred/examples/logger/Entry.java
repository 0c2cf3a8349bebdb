// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCounted;
import java.time.Instant;

/**
 * A message that waits to be written.
 *
 * @param time when it was received
 * @param sender who sent it
 * @param text what it says
 * @param lost how many bytes of it there was no room for
 * @param envelope what it came in, to be released when it is written
 */
record Entry(Instant time, UnixPeerCredentials sender, ByteBuf text, int lost, ReferenceCounted envelope) {
    /**
     * The line of the log: in columns what is attested, the executable and what the sender claims in error, and behind the first ": " its
     * text.
     */
    String line(String executable) {
        String said = text.toString(text.readerIndex(), lengthWithoutEnd(), UTF_8);
        Claim claim = Claim.of(said);
        String pid = sender.pid().isPresent() ? Integer.toString(sender.pid().getAsInt()) : "";
        StringBuilder line = new StringBuilder(160 + said.length());
        line.append(time).append(" uid=").append(sender.uid()).append(" gid=").append(sender.gid());
        line.append(" pid=").append(pid.isEmpty() ? "?" : pid);
        column(executable.isEmpty() ? "?" : executable, line.append(" exe="));
        mark("pid=", claim.pid(), pid, line);
        mark("program=", claim.program(), executable.substring(executable.lastIndexOf('/') + 1), line);
        if (lost > 0) {
            line.append(" lost=").append(lost);
        }
        printable(said, line.append(": "));
        return line.append('\n').toString();
    }

    /** Without the newline or NUL that some clients end a datagram with too. */
    private int lengthWithoutEnd() {
        int length = text.readableBytes();
        byte last = length == 0 ? 1 : text.getByte(text.writerIndex() - 1);
        return last == '\n' || last == 0 ? length - 1 : length;
    }

    private static void mark(String what, String claimed, String known, StringBuilder line) {
        if (!claimed.isEmpty() && !claimed.equals(known)) {
            column(claimed, line.append(known.isEmpty() ? " ?" : " !").append(what));
        }
    }

    /** Leaves nothing that could look like a space or like the end of the columns. */
    private static void column(String text, StringBuilder line) {
        text.codePoints().forEach(each -> append(each, each <= ' ' || each > '~' || each == ':' || each == '\\', line));
    }

    /** Escapes what could begin a line, hide or turn round some of it. */
    private static void printable(String text, StringBuilder line) {
        text.codePoints().forEach(each -> {
            boolean escaped = each == '\\';
            switch (Character.getType(each)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR,
                        Character.PRIVATE_USE,
                        Character.SURROGATE,
                        Character.UNASSIGNED -> escaped = true;
                default -> {}
            }
            append(each, escaped, line);
        });
    }

    private static void append(int each, boolean escaped, StringBuilder line) {
        if (escaped) {
            line.append("\\u{").append(Integer.toHexString(each)).append('}');
        } else {
            line.appendCodePoint(each);
        }
    }
}
