// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AccountsTest {
    private static final long SECOND = 1_000_000_000;

    private final EmbeddedChannel channel = new EmbeddedChannel(false, false);
    private long now = -5; // nanoTime() may be negative

    private Accounts accounts(Rates rates, int budget, int most) {
        return new Accounts(rates, budget, most, () -> now, task -> {});
    }

    private ConnectionLease lease(Accounts accounts) {
        return new ConnectionLease(accounts, channel);
    }

    @Test
    void closingTwice_givesBackOnce() {
        Accounts accounts = accounts(new Rates(0, null, null, null), 100, 10);
        ConnectionLease one = lease(accounts);
        ConnectionLease other = lease(accounts);
        assertThat(accounts.open(1, one)).isNull();
        assertThat(accounts.open(1, other)).isNull();
        one.giveBack();
        one.giveBack();
        assertThat(accounts.share.used()).isOne();
        assertThat(accounts.count()).isOne();
        other.giveBack();
        assertThat(accounts.share.used()).isZero();
        assertThat(accounts.count()).isZero();
    }

    @Test
    void connectCloseLoop_isHeldToItsRate() {
        Accounts accounts = accounts(new Rates(0, new Rate(10, 20, OverLimit.REFUSE), null, null), 100, 10);
        int opened = 0;
        for (int milli = 0; milli < 100_000; milli++) {
            now += SECOND / 1000;
            ConnectionLease lease = lease(accounts);
            Limit limit = accounts.open(7, lease);
            if (limit == null) {
                opened++;
                lease.giveBack();
            } else {
                assertThat(limit).isEqualTo(Limit.CONNECTION_RATE);
            }
            assertThat(accounts.count()).as("no new allowance by leaving").isOne();
        }
        assertThat(opened).isBetween(20 + 999, 20 + 1000);
    }

    @Test
    void connectCloseLoop_thatIsSlowed_isHeldToItsRateToo_andOwesNoMoreThanABurst() {
        Accounts accounts = accounts(new Rates(0, new Rate(10, 20, OverLimit.SLOW), null, null), 100, 10);
        int opened = 0;
        for (int milli = 0; milli < 100_000; milli++) {
            now += SECOND / 1000;
            ConnectionLease lease = lease(accounts);
            if (accounts.open(7, lease) == null) {
                opened++;
                assertThat(accounts.charge(lease.account(), 0, 0)).isBetween(0L, 2 * SECOND);
                lease.giveBack();
            }
        }
        assertThat(opened).isBetween(40 + 999, 40 + 1000);
        now += 4 * SECOND;
        assertThat(accounts.sweep()).isFalse();
        assertThat(accounts.count()).isZero();
    }

    @Test
    void crowdThatHasLeft_leavesNoRoomTaken() {
        Accounts accounts = accounts(new Rates(0, null, null, null), Integer.MAX_VALUE, 100_000);
        List<ConnectionLease> leases = new ArrayList<>();
        Set<Stripe> stripes = new HashSet<>();
        for (int id = 0; id < 40_000; id++) {
            ConnectionLease lease = lease(accounts);
            assertThat(accounts.open(id, lease)).isNull();
            leases.add(lease);
            stripes.add(lease.account().stripe);
        }
        assertThat(stripes.stream().mapToInt(Stripe::room).sum()).isGreaterThan(40_000);
        List<ConnectionLease> stay = leases.subList(0, 200);
        leases.subList(200, leases.size()).forEach(ConnectionLease::giveBack);
        assertThat(accounts.count()).isEqualTo(200);
        assertThat(stripes.stream().mapToInt(Stripe::room).sum()).isLessThan(64 * 16 * 4);
        stay.forEach(ConnectionLease::giveBack);
        assertThat(accounts.count()).isZero();
    }

    @Test
    void millionUidsInTurn_leaveNothingBehind_andOverflowSharesOneAccount() {
        int most = 1000;
        Accounts accounts = accounts(
                new Rates(2, new Rate(1, 1, OverLimit.REFUSE), new Rate(1, 1, OverLimit.SLOW), null), 5000, most);
        int opened = 0;
        int refused = 0;
        for (int i = 0; i < 1_000_000; i++) {
            now += 10_000; // a hundred thousand a second
            ConnectionLease lease = lease(accounts);
            if (accounts.open(i * 31, lease) == null) {
                opened++;
                assertThat(accounts.charge(lease.account(), 1, 100)).isGreaterThanOrEqualTo(0);
                lease.giveBack();
            } else {
                refused++;
            }
            assertThat(accounts.count()).isLessThanOrEqualTo(most);
        }
        assertThat(opened).isGreaterThanOrEqualTo(most * 9); // ten seconds, a second each
        assertThat(refused).isGreaterThan(900_000);
        assertThat(accounts.sweep()).as("some are idle, and not full again").isTrue();
        now += 2 * SECOND;
        assertThat(accounts.sweep()).isFalse();
        assertThat(accounts.count()).isZero();
        assertThat(accounts.share.used()).isZero();
        assertThat(accounts.share.holders()).isZero();
    }

    @Test
    void timer_runsWhileAnAccountIsIdle_andNoLonger() {
        List<Runnable> tasks = new ArrayList<>();
        Accounts accounts = new Accounts(
                new Rates(0, new Rate(1, 3, OverLimit.REFUSE), null, null), 100, 10, () -> now, tasks::add);
        ConnectionLease lease = lease(accounts);
        assertThat(accounts.open(1, lease)).isNull();
        assertThat(tasks).isEmpty();
        lease.giveBack();
        assertThat(tasks).hasSize(1);
        tasks.remove(0).run();
        assertThat(tasks).as("again, since it is not full").hasSize(1);
        assertThat(accounts.count()).isOne();
        now += SECOND;
        tasks.remove(0).run();
        assertThat(tasks).isEmpty();
        assertThat(accounts.count()).isZero();
    }

    @Test
    void slowedAccount_waitsForItsDebt_andFarIntoTheFuture() {
        Accounts accounts = accounts(new Rates(0, null, null, new Rate(1000, 500, OverLimit.SLOW)), 100, 10);
        ConnectionLease lease = lease(accounts);
        assertThat(accounts.open(1, lease)).isNull();
        assertThat(accounts.charge(lease.account(), 1, 500)).isZero();
        assertThat(accounts.charge(lease.account(), 1, 250)).isEqualTo(SECOND / 4);
        now += SECOND / 4 - 1;
        assertThat(accounts.charge(lease.account(), 0, 0)).isOne();
        now += 1;
        assertThat(accounts.charge(lease.account(), 0, 0)).isZero();
        for (int i = 0; i < 100; i++) {
            assertThat(accounts.charge(lease.account(), 1, Long.MAX_VALUE)).isPositive();
        }
        now += Long.MAX_VALUE / 2;
        assertThat(accounts.charge(lease.account(), 0, 0)).isZero();
        now -= 77; // another thread's clock, read a moment earlier
        assertThat(accounts.charge(lease.account(), 0, 500)).isZero();
        assertThat(accounts.charge(lease.account(), 0, 1)).isPositive();
    }

    @Test
    void manyThreads_leaveNothingBehind() throws Exception {
        Rate fast = new Rate(1 << 30, 1 << 20, OverLimit.REFUSE);
        Accounts accounts = new Accounts(new Rates(20, fast, fast, null), 200, 16, System::nanoTime, task -> {});
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(4);
        for (int t = 0; t < 4; t++) {
            Random random = new Random(t);
            new Thread(() -> {
                        try {
                            openAndClose(accounts, random, most);
                        } catch (Throwable e) {
                            failure.set(e);
                        }
                        done.countDown();
                    })
                    .start();
        }
        done.await();
        assertThat(failure.get()).isNull();
        assertThat(most.get()).isBetween(50, 200);
        assertThat(accounts.share.used()).isZero();
        assertThat(accounts.share.holders()).isZero();
        while (accounts.sweep()) {
            Thread.onSpinWait();
        }
        assertThat(accounts.count()).isZero();
    }

    private void openAndClose(Accounts accounts, Random random, AtomicInteger most) {
        List<ConnectionLease> open = new ArrayList<>();
        for (int i = 0; i < 300_000; i++) {
            ConnectionLease lease = lease(accounts);
            if (random.nextInt(3) > 0 && accounts.open(random.nextInt(40), lease) == null) {
                open.add(lease);
            } else if (!open.isEmpty()) {
                ConnectionLease one = open.remove(random.nextInt(open.size()));
                accounts.charge(one.account(), 1, 1);
                one.giveBack();
            }
            accounts.chargeDatagrams(random.nextInt(40), 1, 1);
            most.accumulateAndGet(accounts.share.used(), Math::max);
            if (i % 1000 == 0) {
                accounts.sweep();
            }
        }
        open.forEach(ConnectionLease::giveBack);
    }
}
