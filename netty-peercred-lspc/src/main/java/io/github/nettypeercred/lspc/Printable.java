// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.util.regex.Pattern;

/** Text from outside, made fit for one line of a terminal: names, paths, labels and command lines are anybody's. */
final class Printable {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._/:@%+-]+");

    private Printable() {}

    /** Returns the text with everything but printable ASCII, and the backslash, written as a Java escape. */
    static String of(String text) {
        return escaped(text, '\\');
    }

    /** Returns the text in double quotes, so that it is clear where it ends. */
    static String quoted(String text) {
        return '"' + escaped(text, '"') + '"';
    }

    /** Returns the text as it is if it is one plain word, else in double quotes. */
    static String word(String text) {
        return PLAIN.matcher(text).matches() ? text : quoted(text);
    }

    private static String escaped(String text, char alsoEscaped) {
        StringBuilder safe = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '\\' || c == alsoEscaped) {
                safe.append(String.format("\\u%04x", (int) c));
            } else {
                safe.append(c);
            }
        }
        return safe.toString();
    }
}
