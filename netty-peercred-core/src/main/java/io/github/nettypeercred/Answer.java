// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.util.Objects;
import java.util.Optional;

/**
 * One thing that was asked for: either known or absent with a reason, so that "unknown" cannot be mistaken for "none".
 *
 * @param <T> the type of what is known
 */
public sealed interface Answer<T> {
    /**
     * Wraps a known value.
     *
     * @param value the value
     * @param <T> its type
     * @return a known answer
     */
    static <T> Answer<T> known(T value) {
        return new Known<>(value);
    }

    /**
     * Wraps an absence.
     *
     * @param absence why there is no value
     * @param <T> the type the value would have had
     * @return an unknown answer
     */
    static <T> Answer<T> unknown(Absence absence) {
        return new Unknown<>(absence);
    }

    /**
     * Returns the value, empty if unknown.
     *
     * @return the value
     */
    Optional<T> value();

    /**
     * Returns why the value is unknown, empty if it is known.
     *
     * @return the absence
     */
    Optional<Absence> absence();

    /**
     * Returns the value.
     *
     * @return the value
     * @throws AbsentException if it is unknown
     */
    T orElseThrow();

    /**
     * A value that is known.
     *
     * @param known the value
     * @param <T> its type
     */
    record Known<T>(T known) implements Answer<T> {
        /** Checks that the value is not null. */
        public Known {
            Objects.requireNonNull(known, "known");
        }

        @Override
        public Optional<T> value() {
            return Optional.of(known);
        }

        @Override
        public Optional<Absence> absence() {
            return Optional.empty();
        }

        @Override
        public T orElseThrow() {
            return known;
        }

        /** One line: everything but printable ASCII is escaped, since a peer may have shaped the value. */
        @Override
        public String toString() {
            return Printable.of(known.toString());
        }
    }

    /**
     * A value that is not known.
     *
     * @param why the reason
     * @param <T> the type the value would have had
     */
    record Unknown<T>(Absence why) implements Answer<T> {
        /** Checks that the reason is not null. */
        public Unknown {
            Objects.requireNonNull(why, "why");
        }

        @Override
        public Optional<T> value() {
            return Optional.empty();
        }

        @Override
        public Optional<Absence> absence() {
            return Optional.of(why);
        }

        @Override
        public T orElseThrow() {
            throw new AbsentException(why);
        }

        @Override
        public String toString() {
            return "unknown (" + why + ')';
        }
    }
}
