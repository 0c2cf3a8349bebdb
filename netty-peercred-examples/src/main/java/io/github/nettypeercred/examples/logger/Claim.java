// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who a message says it is from, in the forms of RFC 5424 and RFC 3164, there also with the time as in RFC 3339. Either is empty if it says
 * nothing that is read here: a text may well say it in another way.
 *
 * @param program the name of a program
 * @param pid the id of a process
 */
record Claim(String program, String pid) {
    private static final Pattern RFC_5424 =
            Pattern.compile("<\\d{1,3}>1 \\S{1,64} \\S{1,255} (\\S{1,48}) (\\S{1,128}) ");
    private static final Pattern RFC_3164 = Pattern.compile(
            "(?:<\\d{1,3}>)?(?:(?:\\w{3} [ \\d]\\d [\\d:]{8}|\\d{4}-\\d\\d-\\d\\dT\\S+) (?:[^\\s:\\[\\]]{1,255} )?)?+"
                    + "([^\\s:\\[\\]<>]{1,255})(?:\\[([^]]{0,32})])?:");

    static Claim of(String text) {
        Matcher matcher = RFC_5424.matcher(text);
        if (matcher.lookingAt()) {
            return new Claim(nilAsEmpty(matcher.group(1)), nilAsEmpty(matcher.group(2)));
        }
        matcher = RFC_3164.matcher(text);
        return matcher.lookingAt()
                ? new Claim(matcher.group(1), matcher.group(2) == null ? "" : matcher.group(2))
                : new Claim("", "");
    }

    private static String nilAsEmpty(String field) {
        return field.equals("-") ? "" : field;
    }
}
