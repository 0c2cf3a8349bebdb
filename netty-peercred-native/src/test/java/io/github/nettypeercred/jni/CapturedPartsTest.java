// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import org.junit.jupiter.api.Test;

class CapturedPartsTest {
    private static void assertMalformed(byte... label) {
        Answer<String> answer = CapturedParts.decode(label, "SO_PEERSEC");
        assertThat(answer.value()).isEmpty();
        assertThat(answer.absence().map(Absence::reason)).contains(AbsenceReason.MALFORMED);
    }

    @Test
    void decode_text_isTaken() {
        assertThat(CapturedParts.decode("unconfined".getBytes(UTF_8), "SO_PEERSEC")
                        .value())
                .contains("unconfined");
        assertThat(CapturedParts.decode("é\n".getBytes(UTF_8), "SO_PEERSEC").value())
                .contains("é\n");
    }

    @Test
    void decode_trailingNul_isTakenOffOnce() {
        assertThat(CapturedParts.decode("a\0".getBytes(UTF_8), "SO_PEERSEC").value())
                .contains("a");
        assertMalformed((byte) 'a', (byte) 0, (byte) 0);
    }

    @Test
    void decode_innerNul_isMalformed() {
        assertMalformed((byte) 'a', (byte) 0, (byte) 'b');
        assertMalformed((byte) 'a', (byte) 0, (byte) 'b', (byte) 0);
        assertMalformed((byte) 0, (byte) 'b');
    }

    @Test
    void decode_invalidUtf8_isMalformed() {
        assertMalformed((byte) 0xff);
        assertMalformed((byte) 'a', (byte) 0xc3);
        assertMalformed((byte) 0xc0, (byte) 0x80); // an overlong NUL
        assertMalformed((byte) 0xed, (byte) 0xa0, (byte) 0x80); // half a surrogate pair
    }

    @Test
    void decode_empty_isTheEmptyLabel() {
        assertThat(CapturedParts.decode(new byte[0], "SO_PEERSEC").value()).contains("");
        assertThat(CapturedParts.decode(new byte[1], "SO_PEERSEC").value()).contains("");
    }
}
