// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.spi.AccountDatabase;
import io.github.nettypeercred.spi.AccountDatabase.UserIds;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads subuid(5). */
final class SubuidFile {
    static final long NO_UID = 0xFFFF_FFFFL;

    private static final int LIMIT = 16 << 20;

    private final Path file;
    private final AccountDatabase accounts;
    private final AccountMap.Builder map = AccountMap.builder();

    /** By line, since the lines of root come last. */
    private final TreeMap<Integer, String> problems = new TreeMap<>();

    private final List<Entry> ofRoot = new ArrayList<>();

    private SubuidFile(Path file, AccountDatabase accounts) {
        this.file = file;
        this.accounts = accounts;
    }

    static AccountMap read(Path file, AccountDatabase accounts) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LIMIT + 1);
        } catch (NoSuchFileException e) {
            return AccountMap.identity();
        }
        if (bytes.length > LIMIT) {
            throw new IOException(file + " is longer than " + LIMIT + " bytes");
        }
        return new SubuidFile(file, accounts).parse(new String(bytes, ISO_8859_1).split("\n", -1));
    }

    private AccountMap parse(String[] lines) {
        for (int i = 0; i < lines.length; i++) {
            if (!lines[i].isBlank() && !lines[i].startsWith("#")) {
                Entry entry = entry(i + 1, lines[i]);
                if (entry != null && entry.owner == 0) {
                    ofRoot.add(new Entry(entry.line, entry.first, entry.count, entry.first));
                } else if (entry != null) {
                    add(entry);
                }
            }
        }
        ofRoot.forEach(this::add);
        return map.build(List.copyOf(problems.values()));
    }

    private void add(Entry entry) {
        if (!map.addRange(entry.first, entry.count, entry.owner)) {
            problem(entry.line, "the range overlaps another, which comes before it");
        }
    }

    private @Nullable Entry entry(int line, String text) {
        String[] fields = text.split(":", -1);
        if (fields.length != 3 || fields[0].isEmpty()) {
            problem(line, "it is not owner:first:count, and counts for nothing");
            return null;
        }
        long first = number(fields[1]);
        long count = number(fields[2]);
        if (first < 0 || first >= NO_UID || count < 1 || count > NO_UID - first) {
            problem(line, "first and count are no range of uids, and count for nothing");
            return null;
        }
        return new Entry(line, first, count, owner(line, fields[0], first));
    }

    /** The owner's uid; where it is not known, the first of the range stands for him. */
    private long owner(int line, String name, long first) {
        long numeric = number(name);
        if (numeric >= 0 && numeric < NO_UID) {
            return numeric;
        }
        Optional<UserIds> ids =
                accounts.userIds(new String(name.getBytes(ISO_8859_1), UTF_8)).value();
        if (ids.isEmpty()) {
            problem(line, "the owner is not known: the range counts to its first uid");
            return first;
        }
        return ids.get().uid();
    }

    /** The number that decimal digits make, -1 if they are none or too many. */
    private static long number(String digits) {
        boolean isNumber =
                !digits.isEmpty() && digits.length() <= 10 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        return isNumber ? Long.parseLong(digits) : -1;
    }

    private void problem(int line, String what) {
        problems.merge(line, file + ", line " + line + ": " + what, (one, other) -> one);
    }

    private record Entry(int line, long first, long count, long owner) {}
}
