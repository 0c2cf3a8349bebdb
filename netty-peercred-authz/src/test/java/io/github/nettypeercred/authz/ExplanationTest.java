// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExplanationTest {
    private static final PeerPolicy POLICY = PeerPolicy.builder()
            .deny("old", rule -> rule.userRange(1000, 1999).executable("/opt/old/"))
            .allow("operators", rule -> rule.group(27).grants("read-all"))
            .allow("mail", rule -> rule.user("mail").moment(Moment.FIRST_READ))
            .build(new MadeAccounts());

    private static ProcessEvidence process(String executable) {
        Absence absence = new Absence(AbsenceReason.UNSUPPORTED, "made up");
        return new ProcessEvidence(Answer.known(executable), Answer.unknown(absence), Answer.unknown(absence));
    }

    private static String explain(PeerEvidence evidence) {
        PeerExplanation explanation = POLICY.explain(evidence);
        assertThat(explanation.decision()).isEqualTo(POLICY.decide(evidence));
        return explanation.toString();
    }

    @Test
    void noRule_namesTheNearest() {
        assertThat(explain(
                        PeerEvidence.of(MadePeer.of(500, 100).groups(1000, 100).make())))
                .isEqualTo("denied: no rule matched; nearest: rule 'operators' wants group 27, peer has 100, 1000");
        assertThat(explain(PeerEvidence.of(MadePeer.of(8, 8).noGroups().make())))
                .isEqualTo("denied: no rule matched; nearest: rule 'operators' wants group 27, peer has 8");
        assertThat(POLICY.explain(PeerEvidence.of(MadePeer.of(9, 8).noGroups().make()))
                        .passed())
                .containsExactly(
                        new PeerExplanation.Passed("old", List.of("wants user 1000-1999, peer is 9")),
                        new PeerExplanation.Passed("operators", List.of("wants group 27, peer has 8")),
                        new PeerExplanation.Passed(
                                "mail",
                                List.of(
                                        "wants user 8 (mail), peer is 9",
                                        "wants moment first-read, evidence is of connect")));
    }

    @Test
    void unknown_saysWhat() {
        assertThat(explain(PeerEvidence.of(MadePeer.of(1000, 100).groups(27).make())))
                .isEqualTo("denied by rule 'old': the rule denies by what the process is, and that is unknown");
        assertThat(explain(PeerEvidence.of(MadePeer.of(1000, 100).groups(27).make())
                        .withProcess(process("/bin/sh"))))
                .isEqualTo("allowed by rule 'operators', grants read-all");
        assertThat(explain(PeerEvidence.of(MadePeer.of(1000, 100).groups(27).make())
                        .withProcess(process("/opt/old/client (deleted)"))))
                .isEqualTo("denied by rule 'old'");
        assertThat(explain(PeerEvidence.of(MadePeer.of(7, 100).make())))
                .isEqualTo("denied by rule 'operators': the rule wants a group, and the peer's groups are unknown");
        assertThat(explain(PeerEvidence.of(new Absence(AbsenceReason.REAPED, "gone\n"))))
                .isEqualTo("denied: the credentials are absent (REAPED: gone\\u000a)");
    }

    @Test
    void sender_whoDiffers_isTold() {
        UnixPeerCredentials connected = MadePeer.of(1, 100).noGroups().make();
        PeerPolicy mail =
                PeerPolicy.builder().allow("mail", rule -> rule.user(8)).build(new MadeAccounts());
        assertThat(mail.explain(PeerEvidence.of(
                        connected, MadePeer.of(8, 8).at(Moment.FIRST_READ).make())))
                .hasToString(
                        "denied: no rule matched; nearest: rule 'mail' wants the sender to be who connected, user 1"
                                + " connected and 8 sent");
        assertThat(mail.decide(MadePeer.of(8, 8).at(Moment.FIRST_READ).make()))
                .hasToString(
                        "denied by rule 'mail': the rule wants the sender to be who connected, and who connected is"
                                + " unknown");
        assertThat(mail.decide(MadePeer.of(8, 8).at(Moment.DATAGRAM).make())).hasToString("allowed by rule 'mail'");
    }

    @Test
    void credentials_ofAChannel_areDecidedOn() throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        PretendedPeer.of(1234, 100).pid(1).groups(27).on(channel);
        channel.pipeline().addLast(PeerCredentialsHandler.builder().groups().build());
        channel.register();
        assertThat(channel.isActive()).isTrue();
        assertThat(PeerPolicy.builder()
                        .allow("operators", rule -> rule.group(27).moment(Moment.SETUP))
                        .build()
                        .decide(UnixPeerCredentials.of(channel)))
                .hasToString("allowed by rule 'operators'");
        channel.finishAndReleaseAll();
    }
}
