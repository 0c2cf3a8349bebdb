// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.names;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.authz.internal.EventLoops;
import io.github.nettypeercred.spi.AccountDatabase;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The names of users and groups, from the system's own account database, so that NSS, LDAP and systemd-homed count. What it says is
 * derived: show it, and decide by ids.
 *
 * <p>A look-up may take as long as a directory server likes. It runs on the executor that this was made with, never on an event loop: there
 * it fails with {@link IllegalStateException}. Answers are kept for a while, also that there is no such account; what failed is asked
 * again. How many are kept, and how many look-ups run at once, is bounded, and one that takes too long is answered with {@link
 * AbsenceReason#TIMED_OUT}. May be used from any thread.
 */
public final class Names {
    /** How old an answer may be that is given as what the database says now: many connections of one user may ask at once. */
    private static final Duration NOW = Duration.ofSeconds(1);

    private static final Absence TOO_MANY =
            new Absence(AbsenceReason.UNAVAILABLE, "too many look-ups wait for the account database");

    private static final long FIRST_WAIT_MILLIS = 10;
    private static final long LONGEST_WAIT_MILLIS = 500;

    private final AccountDatabase database;
    private final Executor executor;
    private final Duration deadline;
    private final Semaphore lookUps;
    private final AsyncCache<Key, Answer<?>> cache;

    private Names(AccountDatabase database, Builder builder) {
        this.database = database;
        executor = builder.executor;
        deadline = builder.deadline;
        lookUps = new Semaphore(builder.lookUpsAtOnce);
        cache = Caffeine.newBuilder()
                .maximumSize(builder.size)
                .ticker(builder.ticker)
                .executor(Runnable::run)
                .expireAfter(Expiry.<Key, Answer<?>>creating((key, answer) -> keep(key, answer, builder)))
                .buildAsync();
    }

    private static Duration keep(Key key, Answer<?> answer, Builder builder) {
        Duration keep = builder.knownFor;
        if (answer instanceof Answer.Unknown<?> unknown) {
            keep = unknown.why().reason() == AbsenceReason.NO_SUCH_ACCOUNT ? builder.missingFor : Duration.ofNanos(1);
        }
        return key instanceof Key.GroupsNow && keep.compareTo(NOW) > 0 ? NOW : keep;
    }

    /**
     * Begins.
     *
     * @param executor where look-ups block: threads of its own, as many as may wait for a directory at once
     * @return a builder
     */
    public static Builder builder(Executor executor) {
        return new Builder(Objects.requireNonNull(executor, "executor"));
    }

    /** What was looked up. */
    private sealed interface Key {
        record UserOf(long uid) implements Key {}

        record UserNamed(String name) implements Key {}

        record GroupOf(long gid) implements Key {}

        record GroupNamed(String name) implements Key {}

        record GroupsOf(String user) implements Key {}

        record GroupsNow(long uid) implements Key {}
    }

    /**
     * Looks a user up by id.
     *
     * @param uid 0 to 2^32-2
     * @param on where listeners of the future run: an event loop, for one
     * @return the user, or why it is unknown; fails if the look-up could not be run
     */
    public Future<Answer<UserAccount>> user(long uid, EventExecutor on) {
        return get(
                new Key.UserOf(id(uid)),
                on,
                accounts -> map(accounts.userName(uid), name -> new UserAccount(uid, name)));
    }

    /**
     * Looks a user up by name.
     *
     * @param name the name
     * @param on where listeners of the future run
     * @return the user, or why it is unknown; fails if the look-up could not be run
     */
    public Future<Answer<UserAccount>> user(String name, EventExecutor on) {
        return get(
                new Key.UserNamed(name(name)),
                on,
                accounts -> map(accounts.userIds(name), ids -> new UserAccount(ids.uid(), name)));
    }

    /**
     * Looks a group up by id.
     *
     * @param gid 0 to 2^32-2
     * @param on where listeners of the future run
     * @return the group, or why it is unknown; fails if the look-up could not be run
     */
    public Future<Answer<GroupAccount>> group(long gid, EventExecutor on) {
        return get(
                new Key.GroupOf(id(gid)),
                on,
                accounts -> map(accounts.groupName(gid), name -> new GroupAccount(gid, name)));
    }

    /**
     * Looks a group up by name.
     *
     * @param name the name
     * @param on where listeners of the future run
     * @return the group, or why it is unknown; fails if the look-up could not be run
     */
    public Future<Answer<GroupAccount>> group(String name, EventExecutor on) {
        return get(
                new Key.GroupNamed(name(name)),
                on,
                accounts -> map(accounts.groupId(name), gid -> new GroupAccount(gid, name)));
    }

    /**
     * Looks all groups of a user up.
     *
     * @param user the user's name
     * @param on where listeners of the future run
     * @return the groups, or why they are unknown; fails if the look-up could not be run
     */
    public Future<Answer<Memberships>> groupsOf(String user, EventExecutor on) {
        return get(
                new Key.GroupsOf(name(user)),
                on,
                accounts -> map(accounts.groupsOf(user), gids -> new Memberships(user, gids)));
    }

    /**
     * Looks up which groups a user has now, past what is kept: an answer is shared for a second. For what takes access away, as {@code
     * max-age} does. Where too many look-ups run, or the executor has no room, it waits for its turn, up to the deadline: that nobody asked the
     * database says nothing about the user.
     *
     * @param uid 0 to 2^32-2
     * @param on where listeners of the future run
     * @return the groups, or why they are unknown; fails if the look-up could not be run
     */
    public Future<Answer<Memberships>> groupsNow(long uid, EventExecutor on) {
        Promise<Answer<Memberships>> promise = on.newPromise();
        attempt(new Key.GroupsNow(id(uid)), on, promise, System.nanoTime(), FIRST_WAIT_MILLIS);
        return promise;
    }

    private void attempt(
            Key.GroupsNow key, EventExecutor on, Promise<Answer<Memberships>> promise, long began, long longestWait) {
        get(key, on, accounts -> groupsNow(accounts, key.uid)).addListener((Future<Answer<Memberships>> attempt) -> {
            boolean noRoom = attempt.isSuccess()
                    ? TOO_MANY.equals(attempt.getNow().absence().orElse(null))
                    : attempt.cause() instanceof RejectedExecutionException;
            if (noRoom && System.nanoTime() - began < deadline.toNanos()) {
                long wait = ThreadLocalRandom.current().nextLong(longestWait) + 1; // or all would come back at once
                on.schedule(
                        () -> attempt(key, on, promise, began, Math.min(2 * longestWait, LONGEST_WAIT_MILLIS)),
                        wait,
                        TimeUnit.MILLISECONDS);
            } else if (attempt.isSuccess()) {
                promise.trySuccess(attempt.getNow());
            } else {
                promise.tryFailure(attempt.cause());
            }
        });
    }

    private static Answer<Memberships> groupsNow(AccountDatabase accounts, long uid) {
        Answer<String> user = accounts.userName(uid);
        return user instanceof Answer.Known<String> name
                ? map(accounts.groupsOf(name.known()), gids -> new Memberships(name.known(), gids))
                : Answer.unknown(user.absence().orElseThrow());
    }

    private <T> Future<Answer<T>> get(Key key, EventExecutor on, Function<AccountDatabase, Answer<T>> lookUp) {
        Objects.requireNonNull(on, "on");
        CompletableFuture<Answer<?>> running;
        try {
            running = cache.get(key, (unused, alsoUnused) -> start(lookUp));
        } catch (RejectedExecutionException e) {
            return on.newFailedFuture(e);
        }
        Promise<Answer<T>> promise = on.newPromise();
        running.whenComplete((answer, failure) -> {
            if (failure == null) {
                promise.trySuccess(typed(answer));
            } else {
                promise.tryFailure(failure.getCause() == null ? failure : failure.getCause());
            }
        });
        if (!promise.isDone()) {
            Future<?> timer = on.schedule(
                    () -> promise.trySuccess(Answer.unknown(new Absence(
                            AbsenceReason.TIMED_OUT, "the account database did not answer within " + deadline))),
                    deadline.toNanos(),
                    TimeUnit.NANOSECONDS);
            promise.addListener(done -> timer.cancel(false));
        }
        return promise;
    }

    /** Each key stands for one type of answer. */
    @SuppressWarnings("unchecked")
    private static <T> Answer<T> typed(Answer<?> answer) {
        return (Answer<T>) answer;
    }

    private <T> CompletableFuture<Answer<?>> start(Function<AccountDatabase, Answer<T>> lookUp) {
        if (!lookUps.tryAcquire()) {
            return CompletableFuture.completedFuture(Answer.unknown(TOO_MANY));
        }
        try {
            CompletableFuture<Answer<?>> started = CompletableFuture.supplyAsync(
                    () -> {
                        EventLoops.ensureMayBlock("a look-up in the account database");
                        return lookUp.apply(database);
                    },
                    executor);
            return started.whenComplete((answer, failure) -> lookUps.release());
        } catch (RejectedExecutionException e) {
            lookUps.release();
            throw e;
        }
    }

    private static <S, T> Answer<T> map(Answer<S> answer, Function<S, T> mapping) {
        return answer instanceof Answer.Known<S> known
                ? Answer.known(mapping.apply(known.known()))
                : Answer.unknown(answer.absence().orElseThrow());
    }

    private static long id(long id) {
        if (id < 0 || id >= 0xFFFF_FFFFL) {
            throw new IllegalArgumentException("not an id: " + id);
        }
        return id;
    }

    private static String name(String name) {
        if (name.isEmpty() || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("not a name: \"" + name.replace('\0', '?') + '"');
        }
        return name;
    }

    /** Says how long and how much. Not for several threads at once. */
    public static final class Builder {
        private final Executor executor;
        private Duration knownFor = Duration.ofMinutes(5);
        private Duration missingFor = Duration.ofSeconds(30);
        private Duration deadline = Duration.ofSeconds(5);
        private int size = 10_000;
        private int lookUpsAtOnce = 256;
        private Ticker ticker = Ticker.systemTicker();

        private Builder(Executor executor) {
            this.executor = executor;
        }

        /**
         * Sets how long an account that was found is kept: 5 minutes unless set.
         *
         * @param time more than 0
         * @return this
         */
        public Builder knownFor(Duration time) {
            knownFor = positive(time);
            return this;
        }

        /**
         * Sets how long it is kept that there is no such account: 30 seconds unless set.
         *
         * @param time more than 0
         * @return this
         */
        public Builder missingFor(Duration time) {
            missingFor = positive(time);
            return this;
        }

        /**
         * Sets how long to wait for an answer: 5 seconds unless set.
         *
         * @param time more than 0
         * @return this
         */
        public Builder deadline(Duration time) {
            deadline = positive(time);
            return this;
        }

        /**
         * Sets how many answers are kept at most: 10 000 unless set.
         *
         * @param answers 1 or more
         * @return this
         */
        public Builder size(int answers) {
            size = positive(answers);
            return this;
        }

        /**
         * Sets how many look-ups may run or wait at once, past which one is answered with {@link AbsenceReason#UNAVAILABLE}, unless it {@linkplain
         * Names#groupsNow waits for its turn}: 256 unless set.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder lookUpsAtOnce(int count) {
            lookUpsAtOnce = positive(count);
            return this;
        }

        Builder ticker(Ticker newTicker) {
            ticker = newTicker;
            return this;
        }

        /**
         * Makes the names of this system.
         *
         * @return the names
         * @throws IllegalStateException if there is no account database: netty-peercred-native is not on the class path
         */
        public Names build() {
            return build(ServiceLoader.load(AccountDatabase.class, Names.class.getClassLoader())
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException(
                            "there is no AccountDatabase: is netty-peercred-native on the class path?")));
        }

        Names build(AccountDatabase database) {
            return new Names(database, this);
        }

        private static Duration positive(Duration time) {
            if (time.isNegative() || time.isZero()) {
                throw new IllegalArgumentException("not more than 0: " + time);
            }
            return time;
        }

        private static int positive(int count) {
            if (count < 1) {
                throw new IllegalArgumentException("less than 1: " + count);
            }
            return count;
        }
    }
}
