// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** The authorization identity as it stands on a line: a decimal uid in ASCII, in hexadecimal digits. */
final class Hex {
    private static final long NO_ID = 0xFFFF_FFFFL;
    private static final int MOST_DIGITS = 10; // of 2^32-2

    private Hex() {}

    static String ofUid(long uid) {
        return HexFormat.of().formatHex(Long.toString(uid).getBytes(US_ASCII));
    }

    /** The uid, 0 to 2^32-2; null if it is none, or not in its shortest form. */
    static @Nullable Long toUid(String hex) {
        if (hex.isEmpty() || hex.length() > 2 * MOST_DIGITS) {
            return null;
        }
        try {
            String decimal = new String(HexFormat.of().parseHex(hex), US_ASCII);
            long uid = decimal.matches("0|[1-9][0-9]*") ? Long.parseLong(decimal) : NO_ID;
            return uid < NO_ID ? uid : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
