// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectTimeTest {
    private static final CaptureRequest IDS = new CaptureRequest(false, false, false);
    private static final CaptureRequest GROUPS = new CaptureRequest(true, false, false);
    private static final CaptureRequest PROCESS = new CaptureRequest(false, false, true);
    private static final Answer<SupplementaryGroups> NO_GROUPS = Answer.known(SupplementaryGroups.of(new int[0], 0));
    private static final Answer<String> LABEL = Answer.known("label");

    private final Values.Calls calls = new Values.Calls();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<CaptureRequest> asked = new ArrayList<>();

    /** Puts a peer there that has everything, whose process descriptors are 1, 2, .. */
    private void peerWithEverything() {
        ScriptedTransport.set(channel, (request, factory) -> {
            asked.add(request);
            return factory.credentials(
                    1,
                    2,
                    3,
                    Mechanism.SO_PEERCRED,
                    request.groups() ? NO_GROUPS : null,
                    request.label() ? LABEL : null,
                    request.process() ? Answer.known(calls.process(asked.size())) : null);
        });
    }

    @ParameterizedTest
    @CsvSource({"-1, 0", "0, -1", "-1, -1"})
    void idsOfNobody_giveAbsenceAndCloseTheProcessHandle(int uid, int gid) {
        PeerCredentialsResult result = ConnectTime.CONNECT.credentials(
                uid, gid, 3, Mechanism.SO_PEERCRED, null, null, Answer.known(calls.process(7)));
        assertThat(result.absence().orElseThrow().reason()).isEqualTo(AbsenceReason.NOT_CONNECTED);
        assertThat(calls.closed).containsExactly(7);
        assertThat(ConnectTime.CONNECT
                        .credentials(uid, gid, 0, Mechanism.SO_PEERCRED, null, null, null)
                        .absence())
                .isPresent();
    }

    @Test
    void credentials_sayOfWhichMomentTheySpeak() {
        assertThat(source(ConnectTime.CONNECT)).isEqualTo(Moment.CONNECT);
        assertThat(source(ConnectTime.LISTEN)).isEqualTo(Moment.LISTEN);
        assertThat(source(ConnectTime.SETUP)).isEqualTo(Moment.SETUP);
    }

    private static Moment source(ConnectTime moment) {
        CredentialSource source = moment.credentials(1, 2, 3, Mechanism.SO_PEERCRED, null, null, null)
                .orElseThrow()
                .source();
        assertThat(source.mechanism()).isEqualTo(Mechanism.SO_PEERCRED);
        assertThat(source.ids()).isEqualTo(Ids.EFFECTIVE);
        return source.moment();
    }

    @Test
    void credentials_notAskedFor_sayHowToAsk() {
        UnixPeerCredentials peer = ConnectTime.CONNECT
                .credentials(1, 2, 3, Mechanism.SO_PEERCRED, null, null, null)
                .orElseThrow();
        assertThat(peer.groups()).isSameAs(NotRequested.GROUPS);
        assertThat(peer.label()).isSameAs(NotRequested.LABEL);
        assertThat(peer.process()).isSameAs(NotRequested.PROCESS);
    }

    @Test
    void capture_whatIsThereAlready_isTakenOver() {
        peerWithEverything();
        PeerCredentialsResult first = ConnectTime.CONNECT.capture(channel, GROUPS);
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(first);
        assertThat(ConnectTime.CONNECT.capture(channel, GROUPS)).isSameAs(first);
        assertThat(ConnectTime.CONNECT.capture(channel, IDS)).isSameAs(first);
        assertThat(asked).containsExactly(GROUPS);
    }

    @Test
    void capture_thatAsksForMore_losesNothing() {
        peerWithEverything();
        ConnectTime.CONNECT.capture(channel, GROUPS);
        UnixPeerCredentials both = ConnectTime.CONNECT.capture(channel, PROCESS).orElseThrow();
        assertThat(asked).containsExactly(GROUPS, new CaptureRequest(true, false, true));
        assertThat(both.groups()).isEqualTo(NO_GROUPS);
        assertThat(both.process().value()).isPresent();
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(both);
    }

    @Test
    void capture_afterAnAbsence_asksAgain() {
        ScriptedTransport.set(channel, (request, factory) -> new Absence(AbsenceReason.UNAVAILABLE, "not now"));
        assertThat(ConnectTime.CONNECT.capture(channel, IDS).absence()).isPresent();
        peerWithEverything();
        assertThat(ConnectTime.CONNECT.capture(channel, IDS).credentials()).isPresent();
    }

    @Test
    void capture_overAValueOfAnotherChannel_asks() {
        peerWithEverything();
        StoredResult.store(channel, new Absence(AbsenceReason.FAILED, "x"));
        EmbeddedChannel other = new EmbeddedChannel();
        StoredResult.store(other, Values.peer(0));
        var key = io.netty.util.AttributeKey.<Object>valueOf("io.github.nettypeercred.UnixPeerCredentials");
        channel.attr(key).set(other.attr(key).get());
        assertThat(ConnectTime.CONNECT.capture(channel, IDS).orElseThrow().uid())
                .isEqualTo(1);
        assertThat(asked).hasSize(1);
    }

    @Test
    void process_whenTheChannelCloses_isClosedOnce() {
        peerWithEverything();
        ConnectTime.CONNECT.capture(channel, PROCESS);
        assertThat(calls.closed).isEmpty();
        channel.close().syncUninterruptibly();
        assertThat(calls.closed).containsExactly(1);
    }

    @Test
    void processes_ofTwoCaptures_areBothClosed() {
        peerWithEverything();
        ConnectTime.CONNECT.capture(channel, PROCESS);
        ConnectTime.CONNECT.capture(channel, new CaptureRequest(true, false, true));
        channel.close().syncUninterruptibly();
        assertThat(calls.closed).containsExactlyInAnyOrder(1, 2);
    }

    @Test
    void capture_onClosedChannel_asksNobody() {
        peerWithEverything();
        channel.close().syncUninterruptibly();
        assertThat(ConnectTime.CONNECT
                        .capture(channel, PROCESS)
                        .absence()
                        .orElseThrow()
                        .reason())
                .isEqualTo(AbsenceReason.CLOSED);
        assertThat(asked).isEmpty();
    }

    @Test
    void capture_duringWhichTheChannelIsClosed_lendsNobodysIds() {
        // From then on the number of its descriptor may be another connection's.
        ScriptedTransport.set(channel, (request, factory) -> {
            channel.close().syncUninterruptibly();
            return factory.credentials(0, 0, 3, Mechanism.SO_PEERCRED, null, null, Answer.known(calls.process(7)));
        });
        PeerCredentialsResult result = ConnectTime.CONNECT.capture(channel, PROCESS);
        assertThat(result.absence().orElseThrow().reason()).isEqualTo(AbsenceReason.CLOSED);
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(result);
        assertThat(calls.closed).containsExactly(7);
    }

    @Test
    void capture_thatThrowsAnything_isAnAbsence() {
        for (Throwable thrown :
                new Throwable[] {new IllegalStateException("x"), new StackOverflowError(), new LinkageError("y")}) {
            ScriptedTransport.set(channel, (request, factory) -> {
                throw ConnectTimeTest.<RuntimeException>sneaky(thrown);
            });
            Absence absence =
                    ConnectTime.CONNECT.capture(channel, IDS).absence().orElseThrow();
            assertThat(absence.reason()).isEqualTo(AbsenceReason.FAILED);
            assertThat(absence.message()).contains(thrown.toString());
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T sneaky(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @Test
    @SuppressWarnings("NullAway") // what a transport without null checks may do
    void capture_thatAnswersNothing_isAnAbsence() {
        ScriptedTransport.set(channel, (request, factory) -> null);
        PeerCredentialsResult result = ConnectTime.CONNECT.capture(channel, IDS);
        assertThat(result.absence().orElseThrow().reason()).isEqualTo(AbsenceReason.FAILED);
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(result);
    }
}
