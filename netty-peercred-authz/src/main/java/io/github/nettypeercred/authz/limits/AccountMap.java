// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import io.github.nettypeercred.spi.AccountDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/**
 * Which user's account a uid counts to: its own, or, in a range of uids that one user owns, the owner's. Immutable.
 *
 * <p>A user with a range in {@code /etc/subuid} appears under any uid of it with the help of newuidmap(1): 65 536 of them are usual.
 */
public final class AccountMap {
    static final Path SUBUID = Path.of("/etc/subuid");

    private static final AccountMap IDENTITY = new AccountMap(Map.of(), List.of());

    private final long[] first;
    private final long[] last;
    private final long[] owner;
    private final List<String> problems;

    private AccountMap(Map<Long, Range> ranges, List<String> problems) {
        this.problems = List.copyOf(problems);
        first = new long[ranges.size()];
        last = new long[ranges.size()];
        owner = new long[ranges.size()];
        int i = 0;
        for (Range range : ranges.values()) {
            first[i] = range.first;
            last[i] = range.last;
            owner[i++] = range.owner;
        }
    }

    /**
     * Returns the map that gives every uid an account of its own.
     *
     * @return the map
     */
    public static AccountMap identity() {
        return IDENTITY;
    }

    /**
     * Reads {@code /etc/subuid}: {@link #ofSubuid(Path, AccountDatabase)} with this system's account database.
     *
     * @return the map; the identity if there is no such file
     * @throws IOException if the file cannot be read
     * @throws IllegalStateException if there is no account database: netty-peercred-native is not on the class path
     */
    public static AccountMap ofSystem() throws IOException {
        return ofSubuid(SUBUID);
    }

    static AccountMap ofSubuid(Path file) throws IOException {
        return ofSubuid(
                file,
                ServiceLoader.load(AccountDatabase.class, AccountMap.class.getClassLoader())
                        .findFirst()
                        .orElseThrow(() -> new IllegalStateException(
                                "there is no AccountDatabase: is netty-peercred-native on the class path?")));
    }

    /**
     * Reads {@code /etc/subuid}: {@link #ofSubuid(Path, AccountDatabase)}.
     *
     * @param accounts where the owners' names are looked up
     * @return the map; the identity if there is no such file
     * @throws IOException if the file cannot be read
     */
    public static AccountMap ofSystem(AccountDatabase accounts) throws IOException {
        return ofSubuid(SUBUID, accounts);
    }

    /**
     * Reads a file of subuid(5), whose lines are {@code owner:first:count}. Blocks on the file and on the account database: not for an
     * event loop. What another source of subordinate ids says, as {@code subid:} in nsswitch.conf(5), is not in it.
     *
     * <p>A range of root's counts to its own first uid: root needs no entry to take any uid, and its entries hold
     * containers. So does one whose owner is not known. Where ranges overlap, those of ordinary users come before root's, and then the upper
     * line before the lower. What is wrong with a line is told by {@link #problems()}.
     *
     * @param file the file
     * @param accounts where the owners' names are looked up; an owner may also be a number
     * @return the map; the identity if there is no such file
     * @throws IOException if the file cannot be read
     */
    public static AccountMap ofSubuid(Path file, AccountDatabase accounts) throws IOException {
        return SubuidFile.read(file, accounts);
    }

    /**
     * Returns a builder, for ranges from elsewhere.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns whose account a uid counts to.
     *
     * @param uid 0 to 2^32-2
     * @return the uid of the account, 0 to 2^32-2
     */
    public long accountOf(long uid) {
        int low = 0;
        int high = first.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (uid < first[middle]) {
                high = middle - 1;
            } else if (uid > last[middle]) {
                low = middle + 1;
            } else {
                return owner[middle];
            }
        }
        return uid;
    }

    /**
     * Returns what was wrong with the lines of the file.
     *
     * @return a sentence each, in the order of the lines; empty if nothing was
     */
    public List<String> problems() {
        return problems;
    }

    @Override
    public String toString() {
        return "AccountMap(" + first.length + " ranges)";
    }

    /** A range of uids, with both ends in it. */
    private record Range(long first, long last, long owner) {}

    /** Builds maps. Not for several threads at once. */
    public static final class Builder {
        private final TreeMap<Long, Range> ranges = new TreeMap<>();

        private Builder() {}

        /**
         * Has a range of uids count to one account. What an earlier call has mapped stays as it is.
         *
         * @param first the first uid, 0 to 2^32-2
         * @param count how many uids, 1 or more, up to 2^32-2
         * @param account the uid of the account, 0 to 2^32-2
         * @return this builder
         */
        public Builder range(long first, long count, long account) {
            addRange(first, count, account);
            return this;
        }

        /** Adds a range. Returns whether nothing of it had been mapped before. */
        boolean addRange(long first, long count, long account) {
            if (!isUid(first) || !isUid(account) || count < 1 || count > SubuidFile.NO_UID - first) {
                throw new IllegalArgumentException(
                        "not a range of uids and an account: " + first + ", " + count + ", " + account);
            }
            long last = first + count - 1;
            List<Range> free = new ArrayList<>();
            long from = first;
            Map.Entry<Long, Range> before = ranges.floorEntry(first);
            for (Range taken : ranges.subMap(before == null ? first : before.getKey(), true, last, true)
                    .values()) {
                if (from < taken.first) {
                    free.add(new Range(from, taken.first - 1, account));
                }
                from = Math.max(from, taken.last + 1);
            }
            if (from <= last) {
                free.add(new Range(from, last, account));
            }
            boolean whole = free.size() == 1 && free.get(0).first == first && free.get(0).last == last;
            free.forEach(range -> ranges.put(range.first, range));
            return whole;
        }

        private static boolean isUid(long id) {
            return id >= 0 && id < SubuidFile.NO_UID;
        }

        /**
         * Makes the map.
         *
         * @return a new map
         */
        public AccountMap build() {
            return build(List.of());
        }

        AccountMap build(List<String> problems) {
            return new AccountMap(ranges, problems);
        }
    }
}
