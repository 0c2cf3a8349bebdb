// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.regex.Pattern;

/** The form of SPIFFE ids, by the standard SPIFFE-ID. */
final class SpiffeId {
    private static final String SCHEME = "spiffe:";
    private static final int LONGEST = 2048;
    private static final Pattern FORM =
            Pattern.compile("spiffe://[a-z0-9._-]{1,255}(?:/(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]+)*+");

    private SpiffeId() {}

    /** Whether a URI claims to be one. */
    static boolean isMeant(String uri) {
        return uri.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    }

    static boolean isValid(String id) {
        return id.length() <= LONGEST && FORM.matcher(id).matches();
    }

    /** Whether it is what a rule may name: an id, or all ids below something, which ends in a slash. */
    static boolean isPattern(String text) {
        return isValid(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
    }
}
