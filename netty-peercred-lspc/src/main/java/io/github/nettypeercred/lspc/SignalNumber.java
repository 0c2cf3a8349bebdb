// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A signal, in the numbering that Linux has on x86, ARM and RISC-V: signal(7).
 *
 * @param name as it was written
 * @param number its number
 */
record SignalNumber(String name, int number) {
    private static final int LAST = 64;

    private static final Map<String, Integer> NUMBERS = Map.ofEntries(
            Map.entry("HUP", 1),
            Map.entry("INT", 2),
            Map.entry("QUIT", 3),
            Map.entry("ABRT", 6),
            Map.entry("KILL", 9),
            Map.entry("USR1", 10),
            Map.entry("USR2", 12),
            Map.entry("TERM", 15),
            Map.entry("CONT", 18),
            Map.entry("STOP", 19),
            Map.entry("WINCH", 28));

    @Override
    public String toString() {
        return name;
    }

    /** Reads a signal from the command line. */
    static final class Converter implements ITypeConverter<SignalNumber> {
        Converter() {}

        @Override
        public SignalNumber convert(String word) {
            String name = word.toUpperCase(Locale.ROOT).replaceFirst("^SIG", "");
            Integer number = NUMBERS.get(name);
            if (number == null && word.matches("[1-9][0-9]?") && Integer.parseInt(word) <= LAST) {
                number = Integer.valueOf(word);
            }
            if (number == null) {
                throw new TypeConversionException("'" + word + "' is no signal such as TERM, HUP or 15");
            }
            return new SignalNumber(name, number);
        }
    }
}
