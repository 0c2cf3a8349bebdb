// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/** Values in DER (X.690), of what the JDK has parsed before. What is malformed all the same throws a RuntimeException. */
final class Der {
    private static final byte EXTENSIONS = (byte) 0xA3;
    private static final int INDEFINITE = 0x80;

    private Der() {}

    /** The content of the next value, which is passed; its positions are those of the whole. */
    static ByteBuffer content(ByteBuffer values) {
        values.get(); // the tag
        int length = values.get() & 0xFF;
        if (length == INDEFINITE) {
            throw new IllegalArgumentException("not DER: a length that is indefinite");
        }
        if (length > INDEFINITE) {
            int bytes = length - INDEFINITE;
            length = 0;
            for (int i = 0; i < bytes; i++) {
                length = (length << 8) | (values.get() & 0xFF);
            }
        }
        ByteBuffer content = values.duplicate().limit(values.position() + length);
        values.position(content.limit());
        return content;
    }

    /** Whether an extension is in a TBSCertificate twice, which RFC 5280 forbids, and of which the JDK may show one alone. */
    static boolean hasExtensionTwice(byte[] tbsCertificate) {
        ByteBuffer fields = content(ByteBuffer.wrap(tbsCertificate));
        while (fields.hasRemaining()) {
            boolean extensions = fields.get(fields.position()) == EXTENSIONS;
            ByteBuffer field = content(fields);
            if (extensions) {
                return hasTwice(content(field));
            }
        }
        return false;
    }

    private static boolean hasTwice(ByteBuffer extensions) {
        Set<ByteBuffer> seen = new HashSet<>();
        while (extensions.hasRemaining()) {
            if (!seen.add(content(content(extensions)))) { // its OID
                return true;
            }
        }
        return false;
    }
}
