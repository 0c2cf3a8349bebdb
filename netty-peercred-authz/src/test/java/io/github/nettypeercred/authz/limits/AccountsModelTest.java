// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random calls, against the same rules with exact numbers and everything computed anew. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("NullAway.Init") // by start()
class AccountsModelTest {
    private static final long SECOND = 1_000_000_000;
    private static final BigInteger TOKEN = BigInteger.valueOf(SECOND);

    private final EmbeddedChannel channel = new EmbeddedChannel(false, false);
    private final Map<Integer, Mine> mine = new HashMap<>();
    private final List<ConnectionLease> open = new ArrayList<>();
    private Random random;
    private long now;
    private Rates rates;
    private int budget;
    private Accounts accounts;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void randomCalls_comeToWhatTheModelSays(long tenth) {
        for (long seed = tenth * 100; seed < tenth * 100 + 30; seed++) {
            start(seed);
            for (int step = 0; step < 2000; step++) {
                try {
                    step();
                } catch (AssertionError e) {
                    throw new AssertionError("seed " + seed + ", step " + step + ", " + rates, e);
                }
            }
        }
    }

    private void start(long seed) {
        random = new Random(seed);
        now = random.nextLong() >> 4;
        budget = 1 + random.nextInt(60);
        rates = new Rates(random.nextInt(3) * random.nextInt(8), rate(), rate(), rate());
        accounts = new Accounts(rates, budget, Integer.MAX_VALUE, () -> now, task -> {});
        mine.clear();
        open.clear();
    }

    private @Nullable Rate rate() {
        if (random.nextInt(4) == 0) {
            return null;
        }
        long max = random.nextInt(5) == 0 ? 1L << 32 : 50;
        return new Rate(
                1 + random.nextLong(max),
                1 + random.nextLong(max),
                random.nextBoolean() ? OverLimit.REFUSE : OverLimit.SLOW);
    }

    private void step() {
        now += random.nextInt(10) == 0 ? random.nextLong(100 * SECOND) : random.nextLong(SECOND / 20);
        int id = random.nextInt(12) - 2;
        switch (random.nextInt(5)) {
            case 0, 1 -> open(id);
            case 2 -> close();
            case 3 -> charge();
            default -> datagrams(id);
        }
        assertThat(accounts.share.used()).isEqualTo(used());
        accounts.sweep();
        assertThat((long) accounts.count())
                .isEqualTo(
                        mine.values().stream().filter(each -> !each.isAtRest()).count());
    }

    private int used() {
        return mine.values().stream().mapToInt(each -> each.connections).sum();
    }

    private Mine of(int id) {
        return mine.computeIfAbsent(id, any -> new Mine());
    }

    private void open(int id) {
        Mine account = of(id);
        long holders = mine.values().stream()
                .filter(each -> each.connections > 0 || each == account)
                .count();
        Limit expected = null;
        if (rates.connections() > 0 && account.connections == rates.connections()) {
            expected = Limit.CONNECTIONS;
        } else if (account.opening.refusesOpening()) {
            expected = Limit.CONNECTION_RATE;
        } else if ((account.connections + 1) * holders > budget - used() - 1) {
            expected = Limit.FAIR_SHARE;
        }
        ConnectionLease lease = new ConnectionLease(accounts, channel);
        assertThat(accounts.open(id, lease)).isEqualTo(expected);
        if (expected == null) {
            account.connections++;
            account.opening.take(1);
            assertThat(lease.account().id).isEqualTo(id);
            open.add(lease);
        }
    }

    private void close() {
        if (!open.isEmpty()) {
            ConnectionLease lease = open.remove(random.nextInt(open.size()));
            of(lease.account().id).connections--;
            lease.giveBack();
        }
    }

    private void charge() {
        if (open.isEmpty()) {
            return;
        }
        ConnectionLease lease = open.get(random.nextInt(open.size()));
        Mine account = of(lease.account().id);
        int messages = random.nextInt(3);
        long bytes = random.nextInt(30);
        long expected;
        if (account.messages.refuses(messages)) {
            expected = Accounts.refused(Limit.MESSAGE_RATE);
        } else if (account.bytes.refuses(bytes)) {
            expected = Accounts.refused(Limit.BYTE_RATE);
        } else {
            account.messages.take(messages);
            account.bytes.take(bytes);
            expected = Math.max(account.opening.debt(), Math.max(account.messages.debt(), account.bytes.debt()));
        }
        assertThat(accounts.charge(lease.account(), messages, bytes)).isEqualTo(expected);
    }

    private void datagrams(int id) {
        Mine account = of(id);
        int messages = random.nextInt(3);
        long bytes = random.nextInt(30);
        Limit expected = null;
        if (account.messages.lacks(messages)) {
            expected = Limit.MESSAGE_RATE;
        } else if (account.bytes.lacks(bytes)) {
            expected = Limit.BYTE_RATE;
        } else {
            account.messages.take(messages);
            account.bytes.take(bytes);
        }
        assertThat(accounts.chargeDatagrams(id, messages, bytes)).isEqualTo(expected);
    }

    private final class Mine {
        final Bucket opening = new Bucket(rates.opening());
        final Bucket messages = new Bucket(rates.messages());
        final Bucket bytes = new Bucket(rates.bytes());
        int connections;

        boolean isAtRest() {
            return connections == 0 && opening.isFull() && messages.isFull() && bytes.isFull();
        }
    }

    private final class Bucket {
        private final @Nullable Rate rate;
        private BigInteger level;
        private long at = now;

        Bucket(@Nullable Rate rate) {
            this.rate = rate;
            level = full();
        }

        private BigInteger full() {
            return rate == null
                    ? BigInteger.ZERO
                    : BigInteger.valueOf(rate.burst()).multiply(TOKEN);
        }

        private BigInteger level() {
            if (rate != null) {
                BigInteger gained = BigInteger.valueOf(now - at).multiply(BigInteger.valueOf(rate.perSecond()));
                level = level.add(gained).min(full());
                at = now;
            }
            return level;
        }

        boolean isFull() {
            return level().equals(full());
        }

        boolean lacks(long tokens) {
            return rate != null && level().compareTo(BigInteger.valueOf(tokens).multiply(TOKEN)) < 0;
        }

        boolean refuses(long tokens) {
            return rate != null && rate.overLimit() == OverLimit.REFUSE && lacks(tokens);
        }

        /** Slowed openings may run up a debt of a burst, and no more. */
        boolean refusesOpening() {
            if (rate == null) {
                return false;
            }
            BigInteger lowest = rate.overLimit() == OverLimit.SLOW ? full().negate() : BigInteger.ZERO;
            return level().subtract(TOKEN).compareTo(lowest) < 0;
        }

        void take(long tokens) {
            if (rate != null) {
                level = level().subtract(BigInteger.valueOf(tokens).multiply(TOKEN));
            }
        }

        long debt() {
            if (rate == null || level().signum() >= 0) {
                return 0;
            }
            BigInteger[] nanos = level.negate().divideAndRemainder(BigInteger.valueOf(rate.perSecond()));
            return nanos[0].longValue() + (nanos[1].signum() > 0 ? 1 : 0);
        }
    }
}
