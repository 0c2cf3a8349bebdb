// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.process.PeerProcess;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UnixPeerCredentialsTest {
    private static final Answer<SupplementaryGroups> GROUPS =
            Answer.known(SupplementaryGroups.of(new int[] {27, -6}, 0));
    private static final Answer<String> LABEL = Answer.known("unconfined");

    private static UnixPeerCredentials of(int uid, int gid, int pid, Answer<PeerProcess> process) {
        return new UnixPeerCredentials(uid, gid, pid, Values.SOURCE, GROUPS, LABEL, process);
    }

    @Test
    void ids_areUnsigned() {
        UnixPeerCredentials peer = of(-6, Integer.MIN_VALUE, 7, NotRequested.PROCESS);
        assertThat(peer.uid()).isEqualTo(4294967290L);
        assertThat(peer.gid()).isEqualTo(2147483648L);
        assertThat(peer.pid()).hasValue(7);
        assertThat(of(0, 0, 1, NotRequested.PROCESS).uid()).isZero();
    }

    @Test
    void pid_notVisible_isEmpty() {
        assertThat(of(1, 1, 0, NotRequested.PROCESS).pid()).isEmpty();
        assertThat(of(1, 1, -1, NotRequested.PROCESS).pid()).isEmpty();
        assertThat(of(1, 1, 0, NotRequested.PROCESS).toString()).doesNotContain("pid");
    }

    @Test
    void equality_comparesAllButTheProcess() {
        UnixPeerCredentials peer = of(1, 2, 3, NotRequested.PROCESS);
        try (PeerProcess process = new Values.Calls().process(9)) {
            assertThat(of(1, 2, 3, Answer.known(process))).isEqualTo(peer).hasSameHashCodeAs(peer);
        }
        CredentialSource listen = new CredentialSource(Mechanism.SO_PEERCRED, Moment.LISTEN, Ids.EFFECTIVE);
        assertThat(peer)
                .isEqualTo(of(1, 2, 3, NotRequested.PROCESS))
                .isNotEqualTo(of(0, 2, 3, NotRequested.PROCESS))
                .isNotEqualTo(of(1, 0, 3, NotRequested.PROCESS))
                .isNotEqualTo(of(1, 2, 0, NotRequested.PROCESS))
                .isNotEqualTo(new UnixPeerCredentials(1, 2, 3, listen, GROUPS, LABEL, NotRequested.PROCESS))
                .isNotEqualTo(new UnixPeerCredentials(
                        1, 2, 3, Values.SOURCE, NotRequested.GROUPS, LABEL, NotRequested.PROCESS))
                .isNotEqualTo(new UnixPeerCredentials(
                        1, 2, 3, Values.SOURCE, GROUPS, Answer.known("other"), NotRequested.PROCESS))
                .isNotEqualTo(new Absence(AbsenceReason.FAILED, "x"));
        assertThat(peer.hashCode())
                .isNotEqualTo(of(0, 2, 3, NotRequested.PROCESS).hashCode());
    }

    @Test
    void toString_isOneLineForLogs() {
        assertThat(of(-6, 2, 3, NotRequested.PROCESS))
                .hasToString("uid=4294967290 gid=2 pid=3 groups=[27, 4294967290] label=unconfined"
                        + " source=SO_PEERCRED/CONNECT/EFFECTIVE");
    }

    @Test
    void toString_withHostileLabel_staysOneLineOfPrintableText() {
        String hostile = "a\nuid=0\r\u001b[2J\u0085\u2028\u202e\\u000a\t\u0000é";
        String text = new UnixPeerCredentials(
                        1, 2, 3, Values.SOURCE, GROUPS, Answer.known(hostile), NotRequested.PROCESS)
                .toString();
        assertThat(text).matches("[ -~]+").contains("label=a\\u000auid=0\\u000d\\u001b[2J\\u0085\\u2028\\u202e\\u005c");
    }

    @Test
    void groups_ofAnyNumber_keepTheTextShort() {
        Answer<SupplementaryGroups> many =
                Answer.known(SupplementaryGroups.of(IntStream.range(0, 65536).toArray(), 0));
        assertThat(new UnixPeerCredentials(1, 2, 3, Values.SOURCE, many, LABEL, NotRequested.PROCESS).toString())
                .hasSizeLessThan(400);
    }

    @Test
    void request_isWhatWasAskedFor() {
        assertThat(of(1, 2, 3, NotRequested.PROCESS).request().groups()).isTrue();
        assertThat(of(1, 2, 3, NotRequested.PROCESS).request().label()).isTrue();
        assertThat(of(1, 2, 3, NotRequested.PROCESS).request().process()).isFalse();
        // Asked for without an answer is asked for all the same.
        Answer<PeerProcess> reaped = Answer.unknown(new Absence(AbsenceReason.REAPED, "gone"));
        assertThat(of(1, 2, 3, reaped).request().process()).isTrue();
        assertThat(Values.peer(1).request().groups()).isFalse();
        assertThat(Values.peer(1).request().label()).isFalse();
    }

    @Test
    void forging_hasNoPublicWay() {
        assertThat(UnixPeerCredentials.class.getDeclaredConstructors())
                .allMatch((Constructor<?> constructor) -> !Modifier.isPublic(constructor.getModifiers()));
        assertThat(Arrays.stream(UnixPeerCredentials.class.getDeclaredMethods())
                        .filter(method ->
                                Modifier.isPublic(method.getModifiers()) && Modifier.isStatic(method.getModifiers()))
                        .map(Method::getName))
                .containsOnly("of"); // look-ups on a channel
    }

    @Test
    void result_accessors_tellPresentFromAbsent() {
        PeerCredentialsResult present = Values.peer(1);
        assertThat(present.credentials()).containsSame(Values.peer(1).getClass().cast(present));
        assertThat(present.absence()).isEmpty();
        assertThat(present.orElseThrow()).isSameAs(present);

        Absence why = new Absence(AbsenceReason.UNMAPPED, "no number");
        PeerCredentialsResult absent = why;
        assertThat(absent.credentials()).isEmpty();
        assertThat(absent.absence()).containsSame(why);
        assertThatThrownBy(absent::orElseThrow)
                .isInstanceOfSatisfying(
                        AbsentException.class, e -> assertThat(e.absence()).isSameAs(why))
                .hasMessage("UNMAPPED: no number");
    }
}
