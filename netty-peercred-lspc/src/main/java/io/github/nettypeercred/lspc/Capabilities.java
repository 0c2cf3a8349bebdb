// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

/** Sets of capabilities as /proc writes them. */
final class Capabilities {
    private Capabilities() {}

    /** Returns a set in 16 hexadecimal digits, bit n for capability n. */
    static String hex(long set) {
        return String.format("%016x", set);
    }
}
