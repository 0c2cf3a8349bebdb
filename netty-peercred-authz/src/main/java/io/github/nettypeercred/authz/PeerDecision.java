// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What a policy said of a peer. */
public sealed interface PeerDecision {
    /**
     * Returns whether the peer is let in.
     *
     * @return true for {@link Allow}
     */
    boolean isAllowed();

    /**
     * The peer is let in.
     *
     * @param rule the name of the rule that matched
     * @param grants what the peer may do: names that the application gives a meaning
     */
    record Allow(String rule, Set<String> grants) implements PeerDecision {
        /** Copies the grants. */
        public Allow {
            Objects.requireNonNull(rule, "rule");
            grants = Set.copyOf(grants);
        }

        @Override
        public boolean isAllowed() {
            return true;
        }

        @Override
        public String toString() {
            return "allowed by rule '" + rule + "'"
                    + (grants.isEmpty() ? "" : ", grants " + String.join(", ", new java.util.TreeSet<>(grants)));
        }
    }

    /**
     * The peer is refused.
     *
     * @param reason why
     * @param rule the name of the rule at which it was decided, empty if none matched
     * @param absence why the credentials are not known, with {@link Reason#ABSENT} alone
     */
    record Deny(Reason reason, Optional<String> rule, Optional<Absence> absence) implements PeerDecision {
        /** Checks that nothing is null. */
        public Deny {
            Objects.requireNonNull(reason, "reason");
            Objects.requireNonNull(rule, "rule");
            Objects.requireNonNull(absence, "absence");
        }

        @Override
        public boolean isAllowed() {
            return false;
        }

        @Override
        public String toString() {
            String at = rule.map(name -> " by rule '" + name + "'").orElse("");
            return "denied" + at + (reason == Reason.RULE ? "" : ": " + reason.text)
                    + absence.map(why -> " (" + why + ")").orElse("");
        }
    }

    /** Why a peer is refused. */
    enum Reason {
        /** A rule that denies matched. */
        RULE("a rule that denies matched"),
        /** No rule matched. */
        NO_RULE("no rule matched"),
        /** The peer's credentials are absent, and no rule names that. */
        ABSENT("the credentials are absent"),
        /**
         * The first rule that could match wants a group, and the peer's groups are not known: they were not asked for, or those
         * of who sent cannot be known.
         */
        GROUPS_UNKNOWN("the rule wants a group, and the peer's groups are unknown"),
        /** The first rule that could match wants a label, and the peer's is not known. */
        LABEL_UNKNOWN("the rule wants a label, and the peer's is unknown"),
        /**
         * The first rule that could match denies by executable, command line or unit, and these are not known. Where the evidence had no
         * {@link ProcessEvidence}, get it, off the event loop, and decide again.
         */
        PROCESS_UNKNOWN("the rule denies by what the process is, and that is unknown"),
        /**
         * The first rule that could match allows who sent if it is who connected, and who connected is not known: capture both, or
         * say that the sender may differ.
         */
        CONNECTION_UNKNOWN("the rule wants the sender to be who connected, and who connected is unknown"),
        /** There is no TLS certificate: none was shown where one is needed, or nobody looked. */
        NO_CERTIFICATE("the peer showed no certificate"),
        /** The peer's certificate is not valid any more, or not yet. */
        CERTIFICATE_EXPIRED("the peer's certificate is not valid now"),
        /** The peer's certificate was not accepted: its issuer is not known, its use is another, it is malformed. */
        CERTIFICATE_REFUSED("the peer's certificate was not accepted"),
        /** There was no TLS handshake, or it failed for another reason. */
        TLS_FAILED("there was no TLS handshake that succeeded"),
        /** Nothing was decided on the channel, or not yet. */
        NOT_DECIDED("nothing was decided"),
        /** A {@link PeerAuthorizer} threw, failed, or gave no answer. */
        AUTHORIZER_FAILED("the authorizer failed"),
        /** There was no decision before the deadline. */
        TIMED_OUT("there was no decision before the deadline");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        static Reason of(CertificateAbsence.Reason reason) {
            return switch (reason) {
                case NOT_CAPTURED, NOT_SHOWN -> NO_CERTIFICATE;
                case EXPIRED -> CERTIFICATE_EXPIRED;
                case REFUSED -> CERTIFICATE_REFUSED;
                case TLS_FAILED -> TLS_FAILED;
            };
        }

        boolean isOfCertificate() {
            return this == NO_CERTIFICATE
                    || this == CERTIFICATE_EXPIRED
                    || this == CERTIFICATE_REFUSED
                    || this == TLS_FAILED;
        }
    }
}
