// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The words of a policy that stand for something else than themselves. */
final class PolicyWords {
    static final String ANY = "@any";
    static final String ROOT = "@root";
    static final String SERVER = "@server";

    private PolicyWords() {}

    static String of(Moment moment) {
        return moment.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Moment moment(RuleSpec.Item item) {
        return oneOf(Moment.values(), PolicyWords::of, item);
    }

    static Mechanism mechanism(RuleSpec.Item item) {
        return oneOf(Mechanism.values(), Mechanism::name, item);
    }

    static PeerKind kind(RuleSpec.Item item) {
        return oneOf(PeerKind.values(), PeerKind::word, item);
    }

    /** The bit of a constant in a set of them, which lives no longer than the process. */
    @SuppressWarnings("EnumOrdinal")
    static int bit(Enum<?> constant) {
        return 1 << constant.ordinal();
    }

    /** Whether credentials of a moment come from a mechanism: others have never been seen together. */
    static boolean agree(Moment moment, Mechanism mechanism) {
        return (mechanism == Mechanism.SCM_CREDENTIALS) == isOfMessage(moment);
    }

    static boolean isOfMessage(Moment moment) {
        return moment == Moment.DATAGRAM || comesOverConnection(moment);
    }

    /** Whether it is the moment of something sent over a connection, so that who sent and who connected can differ. */
    static boolean comesOverConnection(Moment moment) {
        return moment == Moment.FIRST_READ || moment == Moment.EVERY_READ;
    }

    private static <T> T oneOf(T[] values, Function<T, String> word, RuleSpec.Item item) {
        for (T value : values) {
            if (word.apply(value).equals(item.value())) {
                return value;
            }
        }
        throw item.place()
                .error("no such word: " + Quoted.of(item.value()) + "; there are "
                        + Arrays.stream(values)
                                .map(value -> Quoted.of(word.apply(value)))
                                .collect(Collectors.joining(", ")));
    }
}
