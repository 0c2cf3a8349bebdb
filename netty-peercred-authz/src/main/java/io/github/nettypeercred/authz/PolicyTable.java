// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** A policy as people read it: one line a rule, in columns. All of it is printable ASCII. */
public final class PolicyTable {
    private PolicyTable() {}

    /**
     * Returns the policy as it was compiled, each name with its id.
     *
     * @param policy the policy
     * @return a line of headings, and one a rule
     */
    public static List<String> of(PeerPolicy policy) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "RULE", "DECISION", "WHO", "GRANTS"));
        for (PeerRule rule : policy.rules()) {
            rows.add(List.of(
                    Integer.toString(rows.size()),
                    Quoted.plain(rule.name()),
                    rule.allows() ? "allow" : "deny",
                    Quoted.plain(String.join(", and ", rule.conditions())),
                    rule.grants().isEmpty() ? "-" : String.join(", ", new TreeSet<>(rule.grants()))));
        }
        rows.add(List.of("", "", "deny", "everybody else", "-"));
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            line.append(row.get(column))
                    .append(" ".repeat(widths[column] - row.get(column).length() + 2));
        }
        return line.toString().stripTrailing();
    }
}
