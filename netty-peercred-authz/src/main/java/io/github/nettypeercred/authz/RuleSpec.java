// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A rule as it was written, by a file or by Java, before anything is resolved.
 *
 * @param name its name
 * @param namePlace where that stands
 * @param allows what it does
 * @param place where the rule begins
 * @param conditions what it has under each key: never an empty list
 */
record RuleSpec(String name, Place namePlace, boolean allows, Place place, Map<Key, Entry> conditions) {
    RuleSpec {
        conditions = new EnumMap<>(conditions);
    }

    /** What a rule can have, besides its name and what it decides. */
    enum Key {
        USER("user"),
        PRIMARY_GROUP("primary-group"),
        GROUP("group"),
        LABEL("label"),
        MOMENT("moment"),
        MECHANISM("mechanism"),
        PEER("peer"),
        EXECUTABLE("executable"),
        COMMAND_LINE("command-line"),
        UNIT("unit"),
        SENDER_MAY_DIFFER("sender-may-differ"),
        GRANTS("grants");

        private final String word;

        Key(String word) {
            this.word = word;
        }

        String word() {
            return word;
        }

        boolean isOfProcess() {
            return this == EXECUTABLE || this == COMMAND_LINE || this == UNIT;
        }

        boolean isOfGroups() {
            return this == PRIMARY_GROUP || this == GROUP;
        }
    }

    /** What stands under a key, and where the key stands. */
    record Entry(Place place, List<Item> items) {
        Entry {
            items = List.copyOf(items);
        }
    }

    /**
     * One of the values under a key.
     *
     * @param value a Long, a Boolean, a String or an {@link IdSet.Range}
     */
    record Item(Object value, Place place) {}
}
