// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import org.jspecify.annotations.Nullable;

/**
 * The accounts of some ids, in a hash table with open addressing, so that a look-up allocates nothing. One lock guards the table and all its
 * accounts, and is held for some additions.
 */
final class Stripe {
    private static final int SMALLEST = 16;

    /** How many slots each call looks through for accounts at rest. */
    private static final int SWEPT = 4;

    private final Accounts all;

    private @Nullable Account[] table = new Account[SMALLEST];
    private int size;
    private int cursor;

    Stripe(Accounts all) {
        this.all = all;
    }

    /** The account that all share for whom there is no room; never dropped. */
    Account newShared(long now) {
        return newAccount(-1, now);
    }

    private Account newAccount(int id, long now) {
        Account account = new Account(id, this);
        account.at = now;
        account.connectionLevel = all.rates.fullConnections();
        account.messageLevel = all.rates.fullMessages();
        account.byteLevel = all.rates.fullBytes();
        return account;
    }

    /**
     * Opens a connection of an account.
     *
     * @return null if it is open, and the lease has the account; else the limit it would exceed
     */
    synchronized @Nullable Limit open(int id, long now, ConnectionLease lease) {
        Account account = findOrAdd(id, now);
        return account == null ? all.shared.stripe.open(all.shared, now, lease) : open(account, now, lease);
    }

    synchronized @Nullable Limit open(Account account, long now, ConnectionLease lease) {
        refill(account, now);
        Limit limit = all.rates.limitOfOpening(account);
        if (limit == null && !all.share.tryTake(account.connections)) {
            limit = Limit.FAIR_SHARE;
        }
        if (limit == null) {
            account.connections++;
            account.connectionLevel = all.rates.opened(account);
            lease.account = account;
        }
        dropAtRest(account);
        sweepSome(now);
        return limit;
    }

    synchronized void close(Account account, long now) {
        refill(account, now);
        all.share.giveBack(account.connections);
        account.connections--;
        dropAtRest(account);
        sweepSome(now);
    }

    /** Charges an account with an open connection: {@link Accounts#charge}. */
    synchronized long charge(Account account, int messages, long bytes, long now) {
        refill(account, now);
        Limit limit = all.rates.limitOfReading(account, messages, bytes);
        if (limit != null) {
            return Accounts.refused(limit);
        }
        take(account, messages, bytes);
        return all.rates.nanosInDebt(account);
    }

    /** Charges datagrams, if the account has enough for all of them. */
    synchronized @Nullable Limit chargeDatagrams(int id, int messages, long bytes, long now) {
        Account account = findOrAdd(id, now);
        return account == null
                ? all.shared.stripe.chargeDatagrams(all.shared, messages, bytes, now)
                : chargeDatagrams(account, messages, bytes, now);
    }

    private synchronized @Nullable Limit chargeDatagrams(Account account, int messages, long bytes, long now) {
        refill(account, now);
        Limit limit = all.rates.limitOfDatagrams(account, messages, bytes);
        if (limit == null) {
            take(account, messages, bytes);
        }
        dropAtRest(account);
        sweepSome(now);
        return limit;
    }

    private void take(Account account, int messages, long bytes) {
        account.messageLevel = all.rates.tookMessages(account, messages);
        account.byteLevel = all.rates.tookBytes(account, bytes);
    }

    private void refill(Account account, long now) {
        long nanos = now - account.at; // another thread may have looked at the clock later
        if (nanos > 0) {
            account.at = now;
            all.rates.refill(account, nanos);
        }
    }

    /** Drops all accounts at rest. Returns whether any is left without a connection. */
    synchronized boolean sweep(long now) {
        boolean idle = false;
        for (int slot = 0; slot < table.length; ) {
            Account account = table[slot];
            if (account == null) {
                slot++;
                continue;
            }
            refill(account, now);
            if (isAtRest(account)) {
                remove(slot); // which may move another account here
            } else {
                idle |= account.connections == 0;
                slot++;
            }
        }
        shrink();
        return idle;
    }

    /** So that a table in use gets rid of what is at rest without ever being searched at once. */
    private void sweepSome(long now) {
        for (int i = 0; i < SWEPT && size > 0; i++) {
            cursor = (cursor + 1) & (table.length - 1);
            Account account = table[cursor];
            if (account != null) {
                refill(account, now);
                if (isAtRest(account)) {
                    remove(cursor);
                }
            }
        }
        shrink();
    }

    /** How many slots there are. */
    synchronized int room() {
        return table.length;
    }

    private void dropAtRest(Account account) {
        if (account == all.shared) {
            return;
        }
        if (isAtRest(account)) {
            remove(slotOf(account.id));
        } else if (account.connections == 0) {
            all.armTimer();
        }
    }

    private boolean isAtRest(Account account) {
        return account.connections == 0 && all.rates.areFull(account);
    }

    private @Nullable Account findOrAdd(int id, long now) {
        int slot = slotOf(id);
        Account account = table[slot];
        if (account == null) {
            if (!all.reserve()) {
                sweepSome(now);
                if (!all.reserve()) {
                    return null;
                }
                slot = slotOf(id);
            }
            account = newAccount(id, now);
            table[slot] = account;
            size++;
            if (size > table.length / 2) {
                resize(table.length * 2);
            }
        }
        return account;
    }

    /** Where the account of an id is, or would be. */
    private int slotOf(int id) {
        int slot = home(id);
        for (Account at = table[slot]; at != null && at.id != id; at = table[slot]) {
            slot = (slot + 1) & (table.length - 1);
        }
        return slot;
    }

    private int home(int id) {
        return Accounts.spread(id) & (table.length - 1);
    }

    /** Empties a slot, and closes the gap for those who were put behind it. */
    private void remove(int slot) {
        int gap = slot;
        table[gap] = null;
        for (int next = (gap + 1) & (table.length - 1); ; next = (next + 1) & (table.length - 1)) {
            Account account = table[next];
            if (account == null) {
                break;
            }
            int distance = (next - home(account.id)) & (table.length - 1);
            if (distance >= ((next - gap) & (table.length - 1))) {
                table[gap] = account;
                table[next] = null;
                gap = next;
            }
        }
        size--;
        all.released();
    }

    /** Gives back the room of a crowd that has left. Moves accounts. */
    private void shrink() {
        int length = table.length;
        while (length > SMALLEST && size < length / 8) {
            length /= 2;
        }
        if (length < table.length) {
            resize(length);
        }
    }

    private void resize(int length) {
        @Nullable Account[] old = table;
        table = new Account[length];
        for (Account account : old) {
            if (account != null) {
                table[slotOf(account.id)] = account;
            }
        }
    }
}
