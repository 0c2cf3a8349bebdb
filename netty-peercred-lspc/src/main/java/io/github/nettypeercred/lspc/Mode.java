// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** When {@code lspc listen} captures. */
enum Mode {
    CONNECT,
    FIRST_READ;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Reads a mode from the command line. */
    static final class Converter implements ITypeConverter<Mode> {
        Converter() {}

        @Override
        public Mode convert(String word) {
            for (Mode mode : values()) {
                if (mode.toString().equals(word)) {
                    return mode;
                }
            }
            throw new TypeConversionException("'" + word + "' is none of "
                    + Arrays.stream(values()).map(Mode::toString).collect(Collectors.joining(", ")));
        }
    }
}
