// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

/** Text from outside, made fit for one line of a log or terminal. */
final class Printable {
    private Printable() {}

    /** Returns the text with everything but printable ASCII, and the backslash, written as a Java escape. */
    static String of(String text) {
        StringBuilder safe = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '\\') {
                safe.append(String.format("\\u%04x", (int) c));
            } else {
                safe.append(c);
            }
        }
        return safe.toString();
    }
}
