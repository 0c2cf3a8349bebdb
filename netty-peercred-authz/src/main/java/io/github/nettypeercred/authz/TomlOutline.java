// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the tables, keys and values of a policy file stand, which the parser of TOML does not tell. It knows as much of TOML as a policy may
 * use, does not judge what it reads, and stops at the first thing that it does not know.
 */
final class TomlOutline {
    /** A table, or what stands in front of all tables, of which the name is empty. */
    record Table(String name, boolean repeated, Place place, List<Entry> entries) {}

    /** A key, and where each of its values stands. */
    record Entry(String key, Place place, List<Place> values, boolean list) {}

    private final String text;
    private final String source;
    private final List<Table> tables = new ArrayList<>();
    private int at;
    private int line = 1;
    private int lineStart;
    private @Nullable PolicyException stopped;

    private TomlOutline(String text, String source) {
        this.text = text;
        this.source = source;
    }

    static TomlOutline of(String text, String source) {
        TomlOutline outline = new TomlOutline(text, source);
        outline.tables.add(new Table("", false, new Place(source, 1, 1), new ArrayList<>()));
        try {
            outline.readAll();
        } catch (Stop stop) {
            outline.stopped = stop.error;
        }
        return outline;
    }

    List<Table> tables() {
        return tables;
    }

    /** Why it stopped before the end, null if it did not. */
    @Nullable
    PolicyException stopped() {
        return stopped;
    }

    /** Throws if a table has a key twice. */
    void checkDuplicates() {
        for (Table table : tables) {
            Set<String> keys = new HashSet<>();
            for (Entry entry : table.entries) {
                if (!keys.add(entry.key)) {
                    throw entry.place.error("key " + Quoted.of(entry.key) + " is there twice");
                }
            }
        }
    }

    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final PolicyException error;

        Stop(PolicyException error) {
            this.error = error;
        }
    }

    private Place here() {
        return new Place(source, line, at - lineStart + 1);
    }

    private Stop stop(String message) {
        return new Stop(here().error(message));
    }

    private Stop notUnderstood() {
        return stop("not a key with its value, and not [[rule]]");
    }

    private boolean ended() {
        return at >= text.length();
    }

    private boolean next(String what) {
        return text.startsWith(what, at);
    }

    private void skipSpace() {
        while (!ended() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
            at++;
        }
    }

    private void skipComment() {
        if (next("#")) {
            while (!ended() && text.charAt(at) != '\n') {
                at++;
            }
        }
    }

    /** Passes over one line end, if it is there. */
    private boolean skipLineEnd() {
        if (next("\r\n")) {
            at++;
        }
        if (!next("\n")) {
            return false;
        }
        at++;
        line++;
        lineStart = at;
        return true;
    }

    private void readAll() {
        while (true) {
            skipSpace();
            skipComment();
            if (ended()) {
                return;
            }
            if (skipLineEnd()) {
                continue;
            }
            if (next("[")) {
                readTable();
            } else {
                tables.get(tables.size() - 1).entries.add(readEntry());
            }
            skipSpace();
            skipComment();
            if (!ended() && !skipLineEnd()) {
                throw notUnderstood();
            }
        }
    }

    private void readTable() {
        Place place = here();
        boolean repeated = next("[[");
        at += repeated ? 2 : 1;
        skipSpace();
        String name = readKey();
        skipSpace();
        String close = repeated ? "]]" : "]";
        if (!next(close)) {
            throw next(".") ? stop("a policy has no tables in tables") : notUnderstood();
        }
        at += close.length();
        tables.add(new Table(name, repeated, place, new ArrayList<>()));
    }

    private Entry readEntry() {
        Place place = here();
        String key = readKey();
        skipSpace();
        if (!next("=")) {
            throw next(".") ? stop("a policy has no dotted keys") : notUnderstood();
        }
        at++;
        skipSpace();
        List<Place> values = new ArrayList<>();
        boolean list = next("[");
        if (list) {
            at++;
            readElements(values);
        } else {
            values.add(here());
            skipValue();
        }
        return new Entry(key, place, values, list);
    }

    private String readKey() {
        int start = at;
        if (next("\"") || next("'")) {
            char quote = text.charAt(at);
            int end = text.indexOf(quote, at + 1);
            String key = end < 0 ? "\n" : text.substring(at + 1, end);
            if (key.indexOf('\n') >= 0 || (quote == '"' && key.indexOf('\\') >= 0)) {
                throw notUnderstood();
            }
            at = end + 1;
            return key;
        }
        while (!ended() && isBare(text.charAt(at))) {
            at++;
        }
        if (at == start) {
            throw notUnderstood();
        }
        return text.substring(start, at);
    }

    private static boolean isBare(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }

    private void skipLinesAndSpace() {
        do {
            skipSpace();
            skipComment();
        } while (skipLineEnd());
    }

    private void readElements(List<Place> values) {
        while (true) {
            skipLinesAndSpace();
            if (next("]")) {
                at++;
                return;
            }
            if (ended()) {
                throw notUnderstood();
            }
            values.add(here());
            skipValue();
            skipLinesAndSpace();
            if (next(",")) {
                at++;
            } else if (!next("]")) {
                throw notUnderstood();
            }
        }
    }

    private void skipValue() {
        if (next("[")) {
            throw stop("a policy has no lists in lists");
        }
        if (next("{")) {
            throw stop("a policy has no inline tables");
        }
        if (next("\"\"\"") || next("'''")) {
            throw stop("a policy has no texts of several lines");
        }
        if (next("\"") || next("'")) {
            skipString(text.charAt(at));
            return;
        }
        int start = at;
        while (!ended() && ",]}#\n\r".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        if (at == start) {
            throw notUnderstood();
        }
    }

    private void skipString(char quote) {
        for (at++; !ended() && text.charAt(at) != '\n'; at++) {
            if (text.charAt(at) == quote) {
                at++;
                return;
            }
            if (quote == '"' && text.charAt(at) == '\\') {
                at++;
            }
        }
        throw notUnderstood();
    }
}
