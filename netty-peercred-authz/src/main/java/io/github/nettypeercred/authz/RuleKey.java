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
    CERTIFICATE_SUBJECT("certificate-subject"),
    CERTIFICATE_ISSUER("certificate-issuer"),
    CERTIFICATE_SAN("certificate-san"),
    SPIFFE_ID("spiffe-id"),
    SENDER_MAY_DIFFER("sender-may-differ"),
    GRANTS("grants"),
    MAX_AGE("max-age");

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

    boolean isOfCertificate() {
        return this == CERTIFICATE_SUBJECT
                || this == CERTIFICATE_ISSUER
                || this == CERTIFICATE_SAN
                || this == SPIFFE_ID;
    }

    /** Whether it is about what a kernel attests of a peer, or what follows from that, which a remote peer does not have. */
    boolean isOfCredentials() {
        return !isOfCertificate() && this != PEER && this != GRANTS && this != MAX_AGE;
    }
}
