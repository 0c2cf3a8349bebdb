// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

/** What a rule can have, besides its name and what it decides. */
enum RuleKey {
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

    RuleKey(String word) {
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
