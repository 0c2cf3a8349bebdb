// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import org.jspecify.annotations.Nullable;

/**
 * The limits of an account other than its share. Null, or 0 of connections: there is none.
 *
 * @param connections how many connections an account may have open
 * @param opening connections a second
 * @param messages messages a second
 * @param bytes bytes a second
 */
record Rates(int connections, @Nullable Rate opening, @Nullable Rate messages, @Nullable Rate bytes) {
    long fullConnections() {
        return opening == null ? 0 : opening.full();
    }

    long fullMessages() {
        return messages == null ? 0 : messages.full();
    }

    long fullBytes() {
        return bytes == null ? 0 : bytes.full();
    }

    boolean areFull(Account account) {
        return account.connectionLevel == fullConnections()
                && account.messageLevel == fullMessages()
                && account.byteLevel == fullBytes();
    }

    void refill(Account account, long nanos) {
        if (opening != null) {
            account.connectionLevel = opening.refilled(account.connectionLevel, nanos);
        }
        if (messages != null) {
            account.messageLevel = messages.refilled(account.messageLevel, nanos);
        }
        if (bytes != null) {
            account.byteLevel = bytes.refilled(account.byteLevel, nanos);
        }
    }

    @Nullable
    Limit limitOfOpening(Account account) {
        if (connections > 0 && account.connections >= connections) {
            return Limit.CONNECTIONS;
        }
        return opening != null && opening.refusesOpening(account.connectionLevel) ? Limit.CONNECTION_RATE : null;
    }

    @Nullable
    Limit limitOfReading(Account account, int count, long size) {
        if (messages != null && messages.refuses(account.messageLevel, count)) {
            return Limit.MESSAGE_RATE;
        }
        return bytes != null && bytes.refuses(account.byteLevel, size) ? Limit.BYTE_RATE : null;
    }

    /** Datagrams of all senders come through one queue: slowing one sender would slow all, so either way they are refused. */
    @Nullable
    Limit limitOfDatagrams(Account account, int count, long size) {
        if (messages != null && !messages.has(account.messageLevel, count)) {
            return Limit.MESSAGE_RATE;
        }
        return bytes != null && !bytes.has(account.byteLevel, size) ? Limit.BYTE_RATE : null;
    }

    long opened(Account account) {
        return opening == null ? 0 : opening.taken(account.connectionLevel, 1);
    }

    long tookMessages(Account account, int count) {
        return messages == null ? 0 : messages.taken(account.messageLevel, count);
    }

    long tookBytes(Account account, long size) {
        return bytes == null ? 0 : bytes.taken(account.byteLevel, size);
    }

    long nanosInDebt(Account account) {
        long nanos = opening == null ? 0 : opening.nanosInDebt(account.connectionLevel);
        if (messages != null) {
            nanos = Math.max(nanos, messages.nanosInDebt(account.messageLevel));
        }
        return bytes == null ? nanos : Math.max(nanos, bytes.nanosInDebt(account.byteLevel));
    }

    /** The limit that makes the account wait longest. */
    Limit slowest(Account account) {
        long opens = opening == null ? 0 : opening.nanosInDebt(account.connectionLevel);
        long reads = messages == null ? 0 : messages.nanosInDebt(account.messageLevel);
        long sizes = bytes == null ? 0 : bytes.nanosInDebt(account.byteLevel);
        if (opens > reads && opens > sizes) {
            return Limit.CONNECTION_RATE;
        }
        return reads > sizes ? Limit.MESSAGE_RATE : Limit.BYTE_RATE;
    }
}
