// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AnswerTest {
    @Test
    void known_givesItsValue() {
        Answer<String> answer = Answer.known("x");
        assertThat(answer.value()).contains("x");
        assertThat(answer.absence()).isEmpty();
        assertThat(answer.orElseThrow()).isEqualTo("x");
        assertThat(Answer.known("a\nb\u001b")).hasToString("a\\u000ab\\u001b");
        assertThat(answer).hasToString("x").isEqualTo(Answer.known("x")).isNotEqualTo(Answer.known("y"));
    }

    @Test
    void unknown_givesItsReasonAndNoValue() {
        Absence why = new Absence(AbsenceReason.UNSUPPORTED, "SO_PEERSEC: not there", OptionalInt.of(92));
        Answer<String> answer = Answer.unknown(why);
        assertThat(answer.value()).isEmpty();
        assertThat(answer.absence()).containsSame(why);
        assertThat(answer).hasToString("unknown (UNSUPPORTED: SO_PEERSEC: not there (errno 92))");
        assertThatThrownBy(answer::orElseThrow)
                .isInstanceOfSatisfying(
                        AbsentException.class, e -> assertThat(e.absence()).isSameAs(why))
                .hasMessage("UNSUPPORTED: SO_PEERSEC: not there (errno 92)");
    }

    @Test
    void unknown_isNotAnEmptyValue() {
        Answer<SupplementaryGroups> none = Answer.known(SupplementaryGroups.of(new int[0], 0));
        assertThat(none).isNotEqualTo(NotRequested.GROUPS);
        assertThat(NotRequested.GROUPS.absence())
                .hasValueSatisfying(absence -> assertThat(absence.reason()).isEqualTo(AbsenceReason.NOT_REQUESTED))
                .hasValueSatisfying(absence -> assertThat(absence.message()).contains("groups()"));
    }

    @Test
    void absence_withoutErrno_saysNone() {
        Absence absence = new Absence(AbsenceReason.CLOSED, "gone");
        assertThat(absence.errno()).isEmpty();
        assertThat(absence).hasToString("CLOSED: gone");
        assertThat(absence).isEqualTo(new Absence(AbsenceReason.CLOSED, "gone", OptionalInt.empty()));
    }

    @Test
    @SuppressWarnings("NullAway") // what a caller without null checks may do
    void null_isRefusedEverywhere() {
        assertThatThrownBy(() -> Answer.known(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> Answer.unknown(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Absence(null, "x")).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Absence(AbsenceReason.FAILED, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Absence(AbsenceReason.FAILED, "x", null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new AbsentException(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new PeerCredentialsEvent.Captured(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new PeerCredentialsEvent.Admitted(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new PeerCredentialsEvent.Refused(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> UnixPeerCredentials.of(null)).isInstanceOf(NullPointerException.class);
    }
}
