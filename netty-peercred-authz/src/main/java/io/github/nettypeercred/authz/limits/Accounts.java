// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** All accounts. Any thread may call; nothing but the addition of an account allocates. */
final class Accounts {
    private static final int STRIPES = 64;
    private static final long MESSAGE_RATE = -1;
    private static final long BYTE_RATE = -2;

    final Rates rates;
    final FairShare share;
    final Account shared;

    private final Stripe[] stripes = new Stripe[STRIPES];
    private final int most;
    private final LongSupplier clock;
    private final Consumer<Runnable> timer;
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicBoolean armed = new AtomicBoolean();

    /**
     * Makes no accounts yet.
     *
     * @param most how many accounts of their own there may be
     * @param clock nanoseconds that never go back
     * @param timer runs a task some time later, so that accounts go away when nobody comes any more
     */
    Accounts(Rates rates, int budget, int most, LongSupplier clock, Consumer<Runnable> timer) {
        this.rates = rates;
        this.share = new FairShare(budget);
        this.most = most;
        this.clock = clock;
        this.timer = timer;
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new Stripe(this);
        }
        shared = new Stripe(this).newShared(clock.getAsLong());
    }

    static int spread(int id) {
        int mixed = id * 0x9E37_79B9;
        return mixed ^ (mixed >>> 15);
    }

    private Stripe stripe(int id) {
        return stripes[spread(id) >>> 26];
    }

    /** Opens a connection: {@link Stripe#open}. */
    @Nullable
    Limit open(int id, ConnectionLease lease) {
        return stripe(id).open(id, clock.getAsLong(), lease);
    }

    /** Opens a connection of somebody unknown, who shares an account with all such. */
    @Nullable
    Limit openShared(ConnectionLease lease) {
        return shared.stripe.open(shared, clock.getAsLong(), lease);
    }

    void close(Account account) {
        account.stripe.close(account, clock.getAsLong());
    }

    /**
     * Charges what was read from a connection of an account.
     *
     * @return the nanoseconds to wait before the next read, or {@link #refused} of the limit that was exceeded
     */
    long charge(Account account, int messages, long bytes) {
        return account.stripe.charge(account, messages, bytes, clock.getAsLong());
    }

    /** A limit in place of nanoseconds, less than 0. */
    static long refused(Limit limit) {
        return limit == Limit.MESSAGE_RATE ? MESSAGE_RATE : BYTE_RATE;
    }

    /** What {@link #refused} made into a number. */
    static Limit limit(long refused) {
        return refused == MESSAGE_RATE ? Limit.MESSAGE_RATE : Limit.BYTE_RATE;
    }

    Limit slowest(Account account) {
        synchronized (account.stripe) {
            return rates.slowest(account);
        }
    }

    @Nullable
    Limit chargeDatagrams(int id, int messages, long bytes) {
        return stripe(id).chargeDatagrams(id, messages, bytes, clock.getAsLong());
    }

    /** Whether there is room for one more account, which is then taken. */
    boolean reserve() {
        if (count.incrementAndGet() <= most) {
            return true;
        }
        count.decrementAndGet();
        return false;
    }

    void released() {
        count.decrementAndGet();
    }

    int count() {
        return count.get();
    }

    /** Drops the accounts at rest. Returns whether any is left without a connection. */
    boolean sweep() {
        boolean idle = false;
        for (Stripe stripe : stripes) {
            idle |= stripe.sweep(clock.getAsLong());
        }
        return idle;
    }

    void armTimer() {
        if (!armed.get() && armed.compareAndSet(false, true)) {
            timer.accept(this::onTimer);
        }
    }

    private void onTimer() {
        armed.set(false); // first, lest an account that becomes idle meanwhile waits for ever
        if (sweep()) {
            armTimer();
        }
    }
}
