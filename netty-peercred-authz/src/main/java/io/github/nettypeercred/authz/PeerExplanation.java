// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.List;
import java.util.Objects;

/**
 * Why a policy decided as it did.
 *
 * @param decision the decision
 * @param text the whole of it in one line of printable ASCII
 * @param passed the rules before the one that decided, all of them if none did
 */
public record PeerExplanation(PeerDecision decision, String text, List<Passed> passed) {
    /** Copies the list. */
    public PeerExplanation {
        Objects.requireNonNull(decision, "decision");
        Objects.requireNonNull(text, "text");
        passed = List.copyOf(passed);
    }

    /**
     * A rule that did not match.
     *
     * @param rule its name
     * @param why what it wants and the peer has not, in words, one or more
     */
    public record Passed(String rule, List<String> why) {
        /** Copies the list. */
        public Passed {
            Objects.requireNonNull(rule, "rule");
            why = List.copyOf(why);
        }
    }

    /** The text. */
    @Override
    public String toString() {
        return text;
    }
}
