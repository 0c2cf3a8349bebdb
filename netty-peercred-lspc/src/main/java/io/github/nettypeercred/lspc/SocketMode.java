// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The permission bits of a socket file.
 *
 * @param permissions the bits
 */
record SocketMode(Set<PosixFilePermission> permissions) {
    /** Reads a mode from the command line, in octal as chmod(1) does. */
    static final class Converter implements ITypeConverter<SocketMode> {
        /** Owner, group and others. */
        private static final int CLASSES = 3;

        Converter() {}

        @Override
        public SocketMode convert(String octal) {
            if (!octal.matches("0?[0-7]{3}")) {
                throw new TypeConversionException("'" + octal + "' is no octal mode such as 0660");
            }
            StringBuilder letters = new StringBuilder();
            for (char digit : octal.substring(octal.length() - CLASSES).toCharArray()) {
                letters.append((digit & 4) != 0 ? 'r' : '-')
                        .append((digit & 2) != 0 ? 'w' : '-')
                        .append((digit & 1) != 0 ? 'x' : '-');
            }
            return new SocketMode(PosixFilePermissions.fromString(letters.toString()));
        }
    }
}
