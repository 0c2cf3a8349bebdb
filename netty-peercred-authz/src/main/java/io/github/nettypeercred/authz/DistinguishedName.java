// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import javax.security.auth.x500.X500Principal;

/**
 * Distinguished names as text: the form of RFC 2253, with the keywords of openssl. Names of the same text are the same, and the kind of string that
 * an authority chose for it makes no difference.
 */
final class DistinguishedName {
    /** Keywords that RFC 2253 has not, by OID. */
    private static final Map<String, String> KEYWORDS = Map.of(
            "1.2.840.113549.1.9.1", "emailAddress",
            "2.5.4.4", "SN",
            "2.5.4.5", "serialNumber",
            "2.5.4.12", "title",
            "2.5.4.42", "GN",
            "2.5.4.43", "initials",
            "2.5.4.65", "pseudonym",
            "2.5.4.97", "organizationIdentifier");

    private static final Map<String, String> OIDS = KEYWORDS.entrySet().stream()
            .collect(Collectors.toMap(each -> each.getValue().toUpperCase(Locale.ROOT), Map.Entry::getKey));

    private static final byte UTF8_STRING = 0x0C;
    private static final byte PRINTABLE_STRING = 0x13;
    private static final byte TELETEX_STRING = 0x14;
    private static final byte IA5_STRING = 0x16;
    private static final byte GENERAL_STRING = 0x1B;
    private static final byte UNIVERSAL_STRING = 0x1C;
    private static final byte BMP_STRING = 0x1E;

    private DistinguishedName() {}

    /** Reads what an administrator wrote; an IllegalArgumentException if it is none. */
    static String parse(String text) {
        return text(new X500Principal(text, OIDS));
    }

    /** The text of a name; an IllegalArgumentException if it has strings that are not read as one text everywhere. */
    static String text(X500Principal name) {
        byte[] der = name.getEncoded();
        ByteBuffer sets = Der.content(ByteBuffer.wrap(der));
        while (sets.hasRemaining()) {
            ByteBuffer set = Der.content(sets);
            while (set.hasRemaining()) {
                ByteBuffer attribute = Der.content(set);
                Der.content(attribute); // its type
                int tag = attribute.position();
                der[tag] = unified(der[tag], Der.content(attribute));
            }
        }
        return new X500Principal(der).getName(X500Principal.RFC2253, KEYWORDS);
    }

    /** What the tag of a value becomes: UTF8String, which says ASCII in the same bytes. */
    private static byte unified(byte tag, ByteBuffer value) {
        return switch (tag) {
            case PRINTABLE_STRING, TELETEX_STRING, IA5_STRING -> {
                while (value.hasRemaining()) {
                    if (value.get() < 0) {
                        throw new IllegalArgumentException("a name with text that is neither ASCII nor UTF-8");
                    }
                }
                yield UTF8_STRING;
            }
            case UTF8_STRING -> {
                try {
                    UTF_8.newDecoder().decode(value);
                } catch (CharacterCodingException e) {
                    throw new IllegalArgumentException(
                            "a name with text that is not the UTF-8 that it claims to be", e);
                }
                yield tag;
            }
            case GENERAL_STRING, UNIVERSAL_STRING, BMP_STRING -> // JDK 17 reads a BMPString as if it were UTF-8
                throw new IllegalArgumentException("a name with text that is neither ASCII nor UTF-8");
            default -> tag; // shown as hexadecimal digits
        };
    }
}
