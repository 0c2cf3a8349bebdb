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
record RuleSpec(String name, Place namePlace, boolean allows, Place place, Map<RuleKey, Condition> conditions) {
    RuleSpec {
        conditions = new EnumMap<>(conditions);
    }

    /** What stands under a key, and where the key stands. */
    record Condition(Place place, List<Item> items) {
        Condition {
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
