// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.SendCredentialsHandler;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Whose credentials to send.
 *
 * @param uid 0 to 2^32-2
 * @param gid 0 to 2^32-2
 * @param pid the pid, 0 for lspc's own
 */
record SenderIds(long uid, long gid, int pid) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,10}):([0-9]{1,10})(?::([0-9]{1,10}))?");
    private static final long MAX_ID = 0xFFFF_FFFEL;

    /** Makes a handler that attaches them. */
    SendCredentialsHandler handler() {
        SendCredentialsHandler.Builder handler = SendCredentialsHandler.builder();
        return (pid == 0 ? handler.as(uid, gid) : handler.as(uid, gid, pid)).build();
    }

    /** Reads ids from the command line. */
    static final class Converter implements ITypeConverter<SenderIds> {
        Converter() {}

        @Override
        public SenderIds convert(String word) {
            Matcher matcher = FORM.matcher(word);
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + word + "' is not UID:GID or UID:GID:PID, in numbers");
            }
            String pid = matcher.group(3);
            return new SenderIds(
                    number("uid", matcher.group(1), 0, MAX_ID),
                    number("gid", matcher.group(2), 0, MAX_ID),
                    pid == null ? 0 : (int) number("pid", pid, 1, Integer.MAX_VALUE));
        }

        private static long number(String what, String digits, long least, long most) {
            long number = Long.parseLong(digits);
            if (number < least || number > most) {
                throw new TypeConversionException(what + " " + digits + " is not in " + least + " to " + most);
            }
            return number;
        }
    }
}
