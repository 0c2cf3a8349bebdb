// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

/** Values of others in messages of ours: one line of printable ASCII, whatever they hold. */
final class Quoted {
    private static final int LONGEST = 100;

    private Quoted() {}

    /** Text in quotes, numbers without. */
    static String of(Object value) {
        if (value instanceof IdSet.Range range) {
            return "\"" + range.first() + "-" + range.last() + "\"";
        }
        return value instanceof String text ? '"' + cut(text) + '"' : cut(value.toString());
    }

    private static String cut(String text) {
        return text.length() > LONGEST ? plain(text.substring(0, LONGEST)) + "..." : plain(text);
    }

    /** The whole of it. */
    static String plain(String text) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~') {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        return line.toString();
    }
}
