// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Limits to what one user may take of a server: connections open, connections, messages and bytes a second, and a fair share of all connections.
 *
 * <pre>{@code
 * PeerLimits limits = PeerLimits.builder()
 *         .totalConnections(2000)
 *         .connectionsPerSecond(50, 100, OverLimit.REFUSE)
 *         .bytesPerSecond(1 << 20, 1 << 22, OverLimit.SLOW)
 *         .build();
 * bootstrap.handler(new ChannelInitializer<>() { // of the server channel
 *     protected void initChannel(Channel server) {
 *         server.pipeline().addLast(new PeerCredentialsAcceptHandler(), limits.acceptHandler());
 *     }
 * }).childHandler(new ChannelInitializer<>() {
 *     protected void initChannel(Channel child) {
 *         child.pipeline().addLast(new PeerCredentialsHandler(), limits.handler(), new MyIpcHandler());
 *     }
 * });
 * }</pre>
 *
 * <p><strong>The account</strong> is the connect-time uid, folded by an {@link AccountMap}, by default that of {@code /etc/subuid}; a first read's sender chooses its
 * ids, so it never decides. All peers whose uid is absent, if they are admitted, share one account, and so do those for whom there is no room among
 * {@linkplain Builder#mostAccounts the most accounts}; it has the limits of a single one. An account goes away once it has no
 * connections and its buckets are full again, so nobody gets a new allowance by closing all connections and coming back.
 *
 * <p><strong>The fair share</strong>: an account gets one more connection if {@code used * holders <= free}, where {@code used} is the number it would
 * then have open, {@code holders} that of the accounts that would have any, and {@code free} what would be left of all connections. One
 * account alone gets half of them. The k-th of several greedy ones gets a share of 1 / (k (k + 1)), and 1 / (k + 1) is left: so
 * whoever comes next gets in while the square of holders + 1 is no more than all connections. None is ever taken back.
 *
 * <p><strong>The rates</strong> are token buckets: a bucket holds {@code burst} tokens, and gains {@code perSecond} a second. What has been read cannot be
 * given back, so with {@link OverLimit#SLOW} a bucket goes into debt, by at most one read a connection, and no connection of the account
 * is read from until it is paid. Meanwhile {@code autoRead} is off; it is put on again if it was on, or was put on since: who wants it off by then has to put it off again.
 *
 * <p>All methods may be called from any thread. The clock is {@link System#nanoTime()}.
 */
public final class PeerLimits {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred");

    private final Accounts accounts;
    private final AccountMap map;
    private final boolean holdsUnwritable;
    private final Consumer<Runnable> timer;
    private final LimitsAcceptHandler acceptHandler = new LimitsAcceptHandler(this);
    private final Map<Limit, LongAdder> refused = newCounters();
    private final Map<Limit, LongAdder> slowed = newCounters();

    /** Leases of channels that were accepted and are not registered yet. */
    private final Queue<ConnectionLease> unsettled = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean settling = new AtomicBoolean();

    private PeerLimits(Builder builder, AccountMap map, int budget) {
        this.map = map;
        holdsUnwritable = builder.holdsUnwritable;
        timer = builder.timer;
        accounts = new Accounts(
                new Rates(builder.connections, builder.opening, builder.messages, builder.bytes),
                budget,
                builder.mostAccounts,
                builder.clock,
                builder.timer);
    }

    private static Map<Limit, LongAdder> newCounters() {
        Map<Limit, LongAdder> counters = new EnumMap<>(Limit.class);
        for (Limit limit : Limit.values()) {
            counters.put(limit, new LongAdder());
        }
        return counters;
    }

    private static LongAdder counter(Map<Limit, LongAdder> counters, Limit limit) {
        return Objects.requireNonNull(counters.get(Objects.requireNonNull(limit, "limit")));
    }

    /**
     * Returns a builder.
     *
     * @return a new builder, with no limit but the fair share
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the handler for the server channel's pipeline, behind a {@link io.github.nettypeercred.PeerCredentialsAcceptHandler}. It closes
     * what is over a limit before there is a pipeline. Sharable: one for all servers under these limits.
     *
     * @return the handler, always the same
     */
    public ChannelHandler acceptHandler() {
        return acceptHandler;
    }

    /**
     * Returns a handler for one connection's pipeline, behind its {@link io.github.nettypeercred.PeerCredentialsHandler}, which counts every
     * message that passes it, and the bytes of it if it is, or holds, a {@link io.netty.buffer.ByteBuf}, an {@code AttestedMessage} or
     * {@code AuthorizedMessage} around one included. In front of a decoder a message is a read. Before it closes the connection it fires {@link PeerLimitExceeded}.
     *
     * <p>A connection that {@link #acceptHandler()} has not opened is opened here. One of which nobody has captured
     * the connect-time credentials is closed, after an exception.
     *
     * @return a new handler
     */
    public ChannelHandler handler() {
        return new LimitsHandler(this, Counted.BOTH);
    }

    /**
     * Returns a handler as {@link #handler()} does, which counts bytes alone: for the place in front of a decoder.
     *
     * @return a new handler
     */
    public ChannelHandler byteHandler() {
        return new LimitsHandler(this, Counted.BYTES);
    }

    /**
     * Returns a handler as {@link #handler()} does, which counts messages alone: for the place behind a decoder.
     *
     * @return a new handler
     */
    public ChannelHandler messageHandler() {
        return new LimitsHandler(this, Counted.MESSAGES);
    }

    /**
     * Charges datagrams to their sender, all or nothing. They are never slowed, since all senders share one queue. Allocates nothing, but for
     * a new account.
     *
     * @param sender who sent them
     * @param messages how many, 0 or more
     * @param bytes of how many bytes in all, 0 or more
     * @return whether that is within the limits; if not, drop them
     */
    public boolean charge(UnixPeerCredentials sender, int messages, long bytes) {
        if (messages < 0 || bytes < 0) {
            throw new IllegalArgumentException("messages: " + messages + ", bytes: " + bytes);
        }
        Limit limit = accounts.chargeDatagrams((int) map.accountOf(sender.uid()), messages, bytes);
        if (limit != null) {
            countRefused(limit);
        }
        return limit == null;
    }

    /**
     * Returns how many accounts there are: of users with a connection, or with a bucket that is not full.
     *
     * @return the number, without the shared one
     */
    public int accountCount() {
        return accounts.count();
    }

    /**
     * Returns how many connections are open.
     *
     * @return the number, 0 or more
     */
    public int connectionCount() {
        return accounts.share.used();
    }

    /**
     * Returns how many connections were refused or closed, and how often datagrams were to be dropped.
     *
     * @param limit for which limit
     * @return the number, 0 or more
     */
    public long refusedCount(Limit limit) {
        return counter(refused, limit).sum();
    }

    /**
     * Returns how often a connection was slowed.
     *
     * @param limit for which limit
     * @return the number, 0 or more
     */
    public long slowedCount(Limit limit) {
        return counter(slowed, limit).sum();
    }

    Accounts accounts() {
        return accounts;
    }

    boolean holdsUnwritable() {
        return holdsUnwritable;
    }

    void countRefused(Limit limit) {
        counter(refused, limit).increment();
    }

    void countSlowed(Limit limit) {
        counter(slowed, limit).increment();
    }

    /** Whether a capture of the connection's set-up has run, with whatever result. */
    static boolean isCaptured(Channel channel) {
        return !(setupOf(channel) instanceof Absence absence && absence.reason() == AbsenceReason.NOT_CAPTURED);
    }

    private static PeerCredentialsResult setupOf(Channel channel) {
        PeerCredentialsResult result = UnixPeerCredentials.of(channel);
        boolean isFirstRead =
                result instanceof UnixPeerCredentials peer && peer.source().moment() == Moment.FIRST_READ;
        return isFirstRead ? UnixPeerCredentials.of(channel, Moment.CONNECT) : result;
    }

    /** Opens a connection in its account. Returns null if that is done. */
    @Nullable
    Limit open(Channel channel, ConnectionLease lease) {
        return setupOf(channel) instanceof UnixPeerCredentials peer
                ? accounts.open((int) map.accountOf(peer.uid()), lease)
                : accounts.openShared(lease);
    }

    /** Opens a connection that was just accepted. Returns null, and counts, if it is to be closed. */
    @Nullable
    ConnectionLease openAccepted(Channel child) {
        ConnectionLease lease = new ConnectionLease(accounts, child);
        Limit limit = open(child, lease);
        if (limit != null) {
            countRefused(limit);
            return null;
        }
        lease.bind();
        return lease;
    }

    /** Sees to it that a lease ends whose channel is closed before it is registered. Called when the acceptor is through with it. */
    void watch(ConnectionLease lease) {
        for (int i = 0; i < 2; i++) {
            ConnectionLease earlier = unsettled.poll();
            if (earlier == null) {
                break;
            }
            if (!earlier.isSettled()) {
                await(earlier);
            }
        }
        if (!lease.isSettled()) {
            await(lease);
        }
    }

    private void await(ConnectionLease lease) {
        unsettled.add(lease);
        if (!settling.get() && settling.compareAndSet(false, true)) {
            timer.accept(this::settle);
        }
    }

    private void settle() {
        settling.set(false); // first, lest a lease that is added meanwhile waits for ever
        unsettled.removeIf(ConnectionLease::isSettled);
        if (!unsettled.isEmpty() && settling.compareAndSet(false, true)) {
            timer.accept(this::settle);
        }
    }

    /** Builds limits. Not for several threads at once. */
    public static final class Builder {
        private static final Path LIMITS = Path.of("/proc/self/limits");
        private static final int OTHER_DESCRIPTORS = 256;

        /** On threads that do not keep the JVM from ending. */
        private static final Executor IN_A_SECOND = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);

        private @Nullable AccountMap map;
        private int total;
        private int descriptors = 1;
        private int connections;
        private @Nullable Rate opening;
        private @Nullable Rate messages;
        private @Nullable Rate bytes;
        private boolean holdsUnwritable;
        private int mostAccounts = 16_384;
        private Path openFiles = LIMITS;
        private Path subuid = AccountMap.SUBUID;
        private LongSupplier clock = System::nanoTime;
        private Consumer<Runnable> timer = IN_A_SECOND::execute;

        private Builder() {}

        /**
         * Folds uids onto accounts. By default {@link AccountMap#ofSystem()}, whose problems are logged at warn.
         *
         * @param newMap the map
         * @return this builder
         */
        public Builder accountMap(AccountMap newMap) {
            map = Objects.requireNonNull(newMap, "newMap");
            return this;
        }

        /**
         * Sets how many connections there may be in all, of which each account has its fair share.
         *
         * @param connections 1 or more; by default what RLIMIT_NOFILE allows
         * @return this builder
         */
        public Builder totalConnections(int connections) {
            total = positive(connections, "connections");
            return this;
        }

        /**
         * Sets how many descriptors a connection takes: its own, one for a process handle, and those that the application opens for it.
         *
         * @param perConnection 1 or more; 1 by default
         * @return this builder
         */
        public Builder descriptors(int perConnection) {
            descriptors = positive(perConnection, "perConnection");
            return this;
        }

        /**
         * Sets how many connections an account may have open at most, be its fair share larger.
         *
         * @param perAccount 1 or more
         * @return this builder
         */
        public Builder connections(int perAccount) {
            connections = positive(perAccount, "perAccount");
            return this;
        }

        /**
         * Limits how many connections an account opens. With {@link OverLimit#SLOW} as many as {@code burst} over the rate are accepted, and
         * no connection of the account is read from until the rate is kept again; more are closed.
         *
         * @param perSecond 1 to 2^32
         * @param burst how many at once, 1 to 2^32
         * @param overLimit what becomes of those over it
         * @return this builder
         */
        public Builder connectionsPerSecond(long perSecond, long burst, OverLimit overLimit) {
            opening = new Rate(perSecond, burst, Objects.requireNonNull(overLimit, "overLimit"));
            return this;
        }

        /**
         * Limits how many messages the peers of an account send.
         *
         * @param perSecond 1 to 2^32
         * @param burst how many at once, 1 to 2^32
         * @param overLimit what becomes of a connection over it
         * @return this builder
         */
        public Builder messagesPerSecond(long perSecond, long burst, OverLimit overLimit) {
            messages = new Rate(perSecond, burst, Objects.requireNonNull(overLimit, "overLimit"));
            return this;
        }

        /**
         * Limits how many bytes the peers of an account send.
         *
         * @param perSecond 1 to 2^32
         * @param burst how many at once, 1 to 2^32; with {@link OverLimit#REFUSE}, and for datagrams, not less than the largest message
         * @param overLimit what becomes of a connection over it
         * @return this builder
         */
        public Builder bytesPerSecond(long perSecond, long burst, OverLimit overLimit) {
            bytes = new Rate(perSecond, burst, Objects.requireNonNull(overLimit, "overLimit"));
            return this;
        }

        /**
         * Does not read from a connection while it is not {@linkplain Channel#isWritable() writable}: so a peer that does not read
         * its answers gets no more of them made, and holds no more memory than its channel's high water mark and the answer to one read. Not
         * for protocols in which a peer sends all before it reads.
         *
         * @return this builder
         */
        public Builder holdReadsWhileUnwritable() {
            holdsUnwritable = true;
            return this;
        }

        /**
         * Sets how many accounts of their own there may be; who comes when there are so many shares one with all others.
         *
         * @param accounts 1 or more; 16 384 by default, of about 100 bytes each
         * @return this builder
         */
        public Builder mostAccounts(int accounts) {
            mostAccounts = positive(accounts, "accounts");
            return this;
        }

        Builder clock(LongSupplier nanos) {
            clock = nanos;
            return this;
        }

        Builder timer(Consumer<Runnable> newTimer) {
            timer = newTimer;
            return this;
        }

        Builder subuid(Path file) {
            subuid = file;
            return this;
        }

        Builder openFiles(Path limits) {
            openFiles = limits;
            return this;
        }

        private static int positive(int number, String name) {
            if (number < 1) {
                throw new IllegalArgumentException(name + ": " + number);
            }
            return number;
        }

        /**
         * Makes the limits, and checks that this process may have as many descriptors open as they allow: those of all connections, and 256
         * for everything else. Reads {@code /proc/self/limits}; where there is none, there is no check. Reads {@code /etc/subuid} too, unless
         * there is an {@link #accountMap}, which blocks: not for an event loop.
         *
         * @return new limits
         * @throws IllegalStateException if RLIMIT_NOFILE is too low, with what to raise; or if {@code /etc/subuid} cannot be read
         */
        public PeerLimits build() {
            return new PeerLimits(this, map == null ? mapOfSystem() : map, budget());
        }

        private AccountMap mapOfSystem() {
            try {
                AccountMap system = AccountMap.ofSubuid(subuid);
                system.problems().forEach(LOGGER::warn);
                return system;
            } catch (IOException e) {
                throw new IllegalStateException(subuid + " cannot be read: set accountMap(..)", e);
            }
        }

        private int budget() {
            OptionalLong limit;
            try {
                limit = OpenFiles.limit(openFiles);
            } catch (IOException e) {
                throw new IllegalStateException("RLIMIT_NOFILE cannot be read", e);
            }
            if (limit.isEmpty()) {
                if (total == 0) {
                    throw new IllegalStateException("RLIMIT_NOFILE is not known here: set totalConnections(..)");
                }
                return total;
            }
            long room = (limit.getAsLong() - OTHER_DESCRIPTORS) / descriptors;
            if (room < Math.max(total, 1)) {
                long needed = (long) Math.max(total, 1) * descriptors + OTHER_DESCRIPTORS;
                throw new IllegalStateException(Math.max(total, 1) + " connections of " + descriptors
                        + " descriptors each, and " + OTHER_DESCRIPTORS + " for everything else, are " + needed
                        + ", but RLIMIT_NOFILE is " + limit.getAsLong()
                        + ": raise it (LimitNOFILE= of the systemd unit, ulimit -n), or lower totalConnections(..)");
            }
            return total > 0 ? total : (int) Math.min(room, Integer.MAX_VALUE);
        }
    }
}
