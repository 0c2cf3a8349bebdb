// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

/** What a handler counts of the messages that pass it. */
enum Counted {
    BOTH(1, true),
    MESSAGES(1, false),
    BYTES(0, true);

    final int messages;
    final boolean bytes;

    Counted(int messages, boolean bytes) {
        this.messages = messages;
        this.bytes = bytes;
    }
}
