// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatusTest {
    @ParameterizedTest
    @CsvSource({
        "2, UNSUPPORTED",
        "3, NOT_UNIX_SOCKET",
        "4, NOT_CONNECTED",
        "5, TRUNCATED",
        "6, TRUNCATED",
        "7, REAPED",
        "8, REAPED",
        "9, NO_SUCH_ACCOUNT",
        "10, FAILED",
        "11, NO_DATA",
        "12, UNAVAILABLE",
        "13, UNMAPPED",
        "14, FAILED",
        "0, FAILED",
        "1, FAILED"
    })
    void absence_ofDocumentedCondition_hasItsReason(int status, AbsenceReason reason) {
        Absence plain = Status.absence("THE_CALL", status, 0);
        assertThat(plain.reason()).isEqualTo(reason);
        assertThat(plain.message()).startsWith("THE_CALL: ");
        assertThat(plain.errno()).isEmpty();
        Absence withErrno = Status.absence("THE_CALL", status, 22);
        assertThat(withErrno.reason()).isEqualTo(reason);
        assertThat(withErrno.errno()).hasValue(22);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, -9, -107, -4095})
    void absence_ofFailure_carriesTheErrno(int status) {
        Absence absence = Status.absence("THE_CALL", status, 0);
        assertThat(absence.reason()).isEqualTo(AbsenceReason.FAILED);
        assertThat(absence.message()).contains("THE_CALL");
        assertThat(absence.errno()).hasValue(-status);
    }

    @Test
    void codes_areThoseTestedHere() {
        Set<Integer> codes = Arrays.stream(Status.class.getDeclaredFields())
                .filter(field -> Modifier.isStatic(field.getModifiers()) && field.getType() == int.class)
                .map(field -> {
                    try {
                        return field.getInt(null);
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                })
                .collect(Collectors.toSet());
        assertThat(codes)
                .containsExactlyInAnyOrder(
                        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 26, 27, 28);
    }
}
