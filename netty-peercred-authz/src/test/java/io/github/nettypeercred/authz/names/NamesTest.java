// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.spi.AccountDatabase;
import io.netty.channel.DefaultEventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NamesTest {
    private final DefaultEventLoop loop = new DefaultEventLoop();
    private final ExecutorService threads = Executors.newFixedThreadPool(2);
    private final AtomicLong now = new AtomicLong();
    private final Directory directory = new Directory();

    @AfterEach
    void stop() {
        directory.open.countDown();
        threads.shutdownNow();
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Knows everybody below 1000, after its gate was opened. */
    private static final class Directory implements AccountDatabase {
        final AtomicInteger asked = new AtomicInteger();
        CountDownLatch open = new CountDownLatch(0);
        AbsenceReason reason = AbsenceReason.NO_SUCH_ACCOUNT;

        private <T> Answer<T> answer(boolean known, T value) {
            asked.incrementAndGet();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return known ? Answer.known(value) : Answer.unknown(new Absence(reason, "made up"));
        }

        @Override
        public Answer<String> userName(long uid) {
            return answer(uid < 1000, "u" + uid);
        }

        @Override
        public Answer<String> groupName(long gid) {
            return answer(gid < 1000, "g" + gid);
        }

        @Override
        public Answer<UserIds> userIds(String name) {
            return answer(name.startsWith("u"), new UserIds(7, 8));
        }

        @Override
        public Answer<Long> groupId(String name) {
            return answer(name.startsWith("g"), 9L);
        }

        @Override
        public Answer<List<Long>> groupsOf(String name) {
            return answer(name.startsWith("u"), List.of(8L, 27L));
        }

        @Override
        public Answer<Long> ownUid() {
            return Answer.known(0L);
        }
    }

    private Names.Builder builder() {
        return Names.builder(threads).ticker(now::get).deadline(Duration.ofSeconds(30));
    }

    private static <T> T get(Future<T> future) {
        assertThat(future.awaitUninterruptibly(30, TimeUnit.SECONDS)).isTrue();
        return future.getNow();
    }

    @Test
    void everyLookUp_givesWhatTheDatabaseHas() {
        Names names = builder().build(directory);
        assertThat(get(names.user(5, loop))).isEqualTo(Answer.known(new UserAccount(5, "u5")));
        assertThat(get(names.user("ursula", loop))).isEqualTo(Answer.known(new UserAccount(7, "ursula")));
        assertThat(get(names.group(5, loop))).isEqualTo(Answer.known(new GroupAccount(5, "g5")));
        assertThat(get(names.group("games", loop))).isEqualTo(Answer.known(new GroupAccount(9, "games")));
        Memberships groups = get(names.groupsOf("ursula", loop)).orElseThrow();
        assertThat(groups.gids()).containsExactly(8L, 27L);
        assertThat(groups.contains(27)).isTrue();
        assertThat(groups.contains(28)).isFalse();
        assertThat(get(names.group("nobody", loop)).absence().orElseThrow().reason())
                .isEqualTo(AbsenceReason.NO_SUCH_ACCOUNT);
    }

    @Test
    void answers_areKeptForAWhile_andMissingOnesForLess() {
        Names names = builder()
                .knownFor(Duration.ofSeconds(100))
                .missingFor(Duration.ofSeconds(10))
                .build(directory);
        for (int i = 0; i < 3; i++) {
            get(names.user(5, loop));
            get(names.user(5000, loop));
        }
        assertThat(directory.asked).hasValue(2);
        now.set(TimeUnit.SECONDS.toNanos(11));
        get(names.user(5, loop));
        get(names.user(5000, loop));
        assertThat(directory.asked).hasValue(3);
        now.set(TimeUnit.SECONDS.toNanos(101));
        get(names.user(5, loop));
        assertThat(directory.asked).hasValue(4);
    }

    @Test
    void groupsNow_passesWhatIsKept_andIsSharedForASecond() {
        Names names = builder().build(directory);
        get(names.user(5, loop));
        get(names.groupsOf("u5", loop));
        assertThat(directory.asked).hasValue(2);
        for (int i = 0; i < 3; i++) {
            Memberships groups = get(names.groupsNow(5, loop)).orElseThrow();
            assertThat(groups).isEqualTo(new Memberships("u5", List.of(8L, 27L)));
            assertThat(directory.asked).hasValue(4);
        }
        now.addAndGet(TimeUnit.SECONDS.toNanos(1) + 1);
        get(names.groupsNow(5, loop));
        assertThat(directory.asked).hasValue(6);
        assertThat(get(names.groupsNow(5000, loop)).absence().orElseThrow().reason())
                .isEqualTo(AbsenceReason.NO_SUCH_ACCOUNT);
    }

    @Test
    void failure_isAskedAgain() {
        Names names = builder().build(directory);
        directory.reason = AbsenceReason.FAILED;
        get(names.user(5000, loop));
        now.addAndGet(2);
        get(names.user(5000, loop));
        assertThat(directory.asked).hasValue(2);
    }

    @Test
    void sameLookUps_atOnce_areOne_andAnswerOnTheExecutorAsked() {
        directory.open = new CountDownLatch(1);
        Names names = builder().build(directory);
        List<Future<Answer<UserAccount>>> all = List.of(names.user(5, loop), names.user(5, loop), names.user(5, loop));
        CountDownLatch onLoop = new CountDownLatch(1);
        all.get(2).addListener(done -> {
            if (loop.inEventLoop()) {
                onLoop.countDown();
            }
        });
        directory.open.countDown();
        all.forEach(each -> assertThat(get(each).orElseThrow().name()).isEqualTo("u5"));
        assertThat(directory.asked).hasValue(1);
        assertThat(get(onLoop)).isTrue();
    }

    private static boolean get(CountDownLatch latch) {
        try {
            return latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void directory_thatDoesNotAnswer_isWaitedForUntilTheDeadline() {
        directory.open = new CountDownLatch(1);
        Names names = builder().deadline(Duration.ofMillis(50)).build(directory);
        assertThat(get(names.user(5, loop)).absence().orElseThrow().reason()).isEqualTo(AbsenceReason.TIMED_OUT);
        directory.open.countDown();
        get(names.user(6, loop));
    }

    @Test
    void lookUps_pastTheLimit_areNotBegun() {
        directory.open = new CountDownLatch(1);
        Names names = builder().lookUpsAtOnce(2).build(directory);
        Future<Answer<UserAccount>> first = names.user(1, loop);
        Future<Answer<UserAccount>> second = names.user(2, loop);
        assertThat(get(names.user(3, loop)).absence().orElseThrow().reason()).isEqualTo(AbsenceReason.UNAVAILABLE);
        directory.open.countDown();
        get(first);
        get(second);
        now.addAndGet(2);
        assertThat(get(names.user(3, loop)).orElseThrow().name()).isEqualTo("u3");
    }

    @Test
    void groupsNow_waitsForItsTurn() {
        directory.open = new CountDownLatch(1);
        Names names = Names.builder(threads)
                .deadline(Duration.ofSeconds(30))
                .lookUpsAtOnce(1)
                .build(directory);
        List<Future<Answer<Memberships>>> all = new ArrayList<>();
        for (int uid = 1; uid <= 20; uid++) {
            all.add(names.groupsNow(uid, loop));
        }
        directory.open.countDown();
        for (int i = 0; i < all.size(); i++) {
            assertThat(get(all.get(i)).orElseThrow().user()).isEqualTo("u" + (i + 1));
        }
    }

    @Test
    void groupsNow_waitsForRoomInTheExecutor() throws Exception {
        directory.open = new CountDownLatch(1);
        ExecutorService narrow =
                new ThreadPoolExecutor(1, 1, 1, TimeUnit.MINUTES, new SynchronousQueue<>()); // which rejects
        try {
            Names names = Names.builder(narrow).deadline(Duration.ofSeconds(30)).build(directory);
            Future<Answer<Memberships>> first = names.groupsNow(1, loop);
            Future<Answer<Memberships>> second = names.groupsNow(2, loop);
            directory.open.countDown();
            assertThat(get(first).orElseThrow().user()).isEqualTo("u1");
            assertThat(get(second).orElseThrow().user()).isEqualTo("u2");
        } finally {
            narrow.shutdownNow();
        }
    }

    @Test
    void groupsNow_thatNeverGetsItsTurn_isUnknown() {
        directory.open = new CountDownLatch(1);
        Names names = Names.builder(threads)
                .deadline(Duration.ofMillis(50))
                .lookUpsAtOnce(1)
                .build(directory);
        Future<Answer<UserAccount>> hangs = names.user(1, loop);
        assertThat(get(names.groupsNow(2, loop)).absence().orElseThrow().reason())
                .isEqualTo(AbsenceReason.UNAVAILABLE);
        get(hangs);
    }

    @Test
    void cache_isBounded() {
        Names names = builder().size(100).build(directory);
        for (int round = 0; round < 2; round++) {
            for (int uid = 0; uid < 900; uid++) {
                get(names.user(uid, loop));
            }
        }
        assertThat(directory.asked.get()).isGreaterThan(1600);
    }

    @Test
    void lookUp_onAnEventLoop_fails() {
        Names names = Names.builder(loop).build(directory);
        Future<Answer<UserAccount>> future = names.user(5, loop);
        future.awaitUninterruptibly();
        assertThat(future.cause())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not on an event loop");
        assertThat(directory.asked).hasValue(0);
        Future<PeerPolicy> policy = loop.submit(() -> PeerPolicy.parse("", "p"));
        policy.awaitUninterruptibly();
        assertThat(policy.cause())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("PeerPolicy.parse blocks: not on an event loop");
    }

    @Test
    void executor_thatRejects_failsTheFuture() {
        threads.shutdownNow();
        Future<Answer<UserAccount>> future = builder().build(directory).user(5, loop);
        future.awaitUninterruptibly();
        assertThat(future.isSuccess()).isFalse();
    }

    @Test
    void wrongArguments_areRefused() {
        Names names = builder().build(directory);
        assertThatThrownBy(() -> names.user(-1, loop)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> names.group(4294967295L, loop)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> names.user("a\0b", loop)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().size(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().deadline(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void thisSystem_knowsRoot() {
        Names names = Names.builder(threads).build();
        assertThat(get(names.user(0, loop)).orElseThrow().uid()).isZero();
        String root = get(names.user(0, loop)).orElseThrow().name();
        assertThat(get(names.user(root, loop)).orElseThrow()).isEqualTo(new UserAccount(0, root));
        String group = get(names.group(0, loop)).orElseThrow().name();
        assertThat(get(names.group(group, loop)).orElseThrow()).isEqualTo(new GroupAccount(0, group));
        assertThat(get(names.groupsOf(root, loop)).orElseThrow().contains(0)).isTrue();
        assertThat(get(names.user("no such user", loop)).absence().orElseThrow().reason())
                .isEqualTo(AbsenceReason.NO_SUCH_ACCOUNT);
        assertThat(get(names.groupsOf("no such user", loop))
                        .absence()
                        .orElseThrow()
                        .reason())
                .isEqualTo(AbsenceReason.NO_SUCH_ACCOUNT);
    }
}
