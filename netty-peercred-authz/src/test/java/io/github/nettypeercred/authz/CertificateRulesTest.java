// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Rules about certificates, and what the others say of peers that have one. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CertificateRulesTest {
    private static final PeerCertificate WEB = MadeCertificate.spiffe("spiffe://example.org/ns/web");
    private static final PeerCertificate ALICE =
            MadeCertificate.of("CN=alice,O=Example", builder -> builder.addSanDnsName("Build.example.org")
                    .addSanRfc822Name("alice@example.org")
                    .addSanIpAddress("2001:db8::1")
                    .addSanUriName("https://example.org/alice"));
    private static final Absence UNMAPPED = new Absence(AbsenceReason.UNMAPPED, "made");
    private static final CertificateAbsence NOT_SHOWN = new CertificateAbsence(Reason.NOT_SHOWN, "made");

    private static PeerPolicy allow(Consumer<RuleBuilder> rule) {
        return PeerPolicy.builder().allow("it", rule).build(null);
    }

    private static PeerPolicy deny(Consumer<RuleBuilder> rule) {
        return PeerPolicy.builder()
                .deny("it", rule)
                .allow("users", each -> each.anyUser())
                .allow("certificates", each -> each.anyCertificate())
                .build(null);
    }

    private static PeerEvidence local(long uid) {
        return PeerEvidence.of(MadePeer.of(uid, 100).make());
    }

    /** The same once the database lists the user in no group. */
    private static boolean letsLater(PeerPolicy policy, PeerEvidence evidence) {
        FreshGroups groups = new FreshGroups();
        groups.put(1000, Set.of());
        return groups.apply(policy, evidence).isAllowed();
    }

    private static boolean lets(PeerPolicy policy, PeerEvidence evidence) {
        return policy.decide(evidence).isAllowed();
    }

    @Test
    void ruleAboutUsers_neverMatchesARemotePeer() {
        for (Consumer<RuleBuilder> rule : List.<Consumer<RuleBuilder>>of(
                RuleBuilder::anyUser,
                RuleBuilder::root,
                each -> each.userRange(0, IdSet.LAST),
                each -> each.group(0, 100),
                each -> each.primaryGroup(100),
                each -> each.label("any"),
                each -> each.peer(PeerKind.VISIBLE, PeerKind.NOT_VISIBLE, PeerKind.UNMAPPED),
                each -> each.peer(PeerKind.UNMAPPED),
                each -> each.anyUser().spiffeId("spiffe://example.org/"))) {
            PeerEvidence remote = PeerEvidence.ofRemote(WEB);
            assertThat(reason(allow(rule), remote)).isEqualTo(PeerDecision.Reason.NO_RULE);
        }
        PeerPolicy noUsers = PeerPolicy.builder()
                .deny("users", rule -> rule.anyUser())
                .allow("certificates", rule -> rule.anyCertificate())
                .build(null);
        assertThat(lets(noUsers, PeerEvidence.ofRemote(WEB))).isTrue();
        assertThat(lets(noUsers, local(1000).withCertificate(WEB))).isFalse();
    }

    private static PeerDecision.Reason reason(PeerPolicy policy, PeerEvidence evidence) {
        return ((PeerDecision.Deny) policy.decide(evidence)).reason();
    }

    @Test
    void ruleAboutCertificates_neverMatchesAPeerWithoutOne() {
        for (Consumer<RuleBuilder> rule : List.<Consumer<RuleBuilder>>of(
                RuleBuilder::anyCertificate,
                each -> each.spiffeId("spiffe://example.org/"),
                each -> each.anyUser().anyCertificate(),
                each -> each.anyCertificate().peer(PeerKind.values()),
                each -> each.anyCertificate().peer(PeerKind.UNMAPPED))) {
            PeerPolicy policy = allow(rule);
            assertThat(lets(policy, local(1000))).isFalse();
            assertThat(lets(policy, local(1000).withCertificate(NOT_SHOWN))).isFalse();
            assertThat(lets(policy, PeerEvidence.of(UNMAPPED))).isFalse();
            assertThat(lets(policy, PeerEvidence.of(UNMAPPED).withCertificate(NOT_SHOWN)))
                    .isFalse();
            assertThat(reason(policy, PeerEvidence.ofRemote(NOT_SHOWN))).isEqualTo(PeerDecision.Reason.NO_CERTIFICATE);
        }
    }

    @ParameterizedTest
    @EnumSource(Reason.class)
    void certificateThatIsNotAccepted_deniesWhateverTheRulesSay(Reason why) {
        PeerPolicy everybody = PeerPolicy.builder()
                .allow("users", rule -> rule.anyUser())
                .allow("certificates", rule -> rule.anyCertificate())
                .allow("unmapped", rule -> rule.peer(PeerKind.UNMAPPED))
                .build(null);
        CertificateAbsence absence = new CertificateAbsence(why, "made \u00e9");
        assertThat(lets(everybody, PeerEvidence.ofRemote(absence))).isFalse();
        assertThat(everybody.explain(PeerEvidence.ofRemote(absence)).text()).endsWith(" (made \\u00e9)");
        assertThat(lets(everybody, local(1000).withCertificate(absence))).isEqualTo(why == Reason.NOT_SHOWN);
        assertThat(lets(everybody, PeerEvidence.of(UNMAPPED).withCertificate(absence)))
                .isEqualTo(why == Reason.NOT_SHOWN);
        assertThat(letsLater(everybody, local(1000).withCertificate(absence))).isEqualTo(why == Reason.NOT_SHOWN);
    }

    @Test
    void certificateAlone_isForRemoteAndVisiblePeers_othersHaveToBeNamed() {
        PeerPolicy web = allow(rule -> rule.spiffeId("spiffe://example.org/ns/web"));
        PeerEvidence notVisible =
                PeerEvidence.of(MadePeer.of(1000, 100).notVisible().make());
        assertThat(lets(web, PeerEvidence.ofRemote(WEB))).isTrue();
        assertThat(lets(web, local(1000).withCertificate(WEB))).isTrue();
        assertThat(lets(web, notVisible.withCertificate(WEB))).isFalse();
        assertThat(lets(web, PeerEvidence.of(UNMAPPED).withCertificate(WEB))).isFalse();
        assertThat(lets(
                        web,
                        PeerEvidence.of(new Absence(AbsenceReason.REAPED, "made"))
                                .withCertificate(WEB)))
                .isFalse();
        PeerPolicy all =
                allow(rule -> rule.spiffeId("spiffe://example.org/ns/web").peer(PeerKind.values()));
        assertThat(lets(all, notVisible.withCertificate(WEB))).isTrue();
        assertThat(lets(all, PeerEvidence.of(UNMAPPED).withCertificate(WEB))).isTrue();
        assertThat(lets(
                        all,
                        PeerEvidence.of(new Absence(AbsenceReason.REAPED, "made"))
                                .withCertificate(WEB)))
                .isFalse();
        PeerPolicy remote = allow(rule -> rule.anyCertificate().peer(PeerKind.REMOTE));
        assertThat(lets(remote, PeerEvidence.ofRemote(WEB))).isTrue();
        assertThat(lets(remote, local(1000).withCertificate(WEB))).isFalse();
    }

    @Test
    void bothDemanded_takesBoth() {
        PeerPolicy both = allow(rule -> rule.user(1000).spiffeId("spiffe://example.org/ns/web"));
        assertThat(lets(both, local(1000).withCertificate(WEB))).isTrue();
        assertThat(lets(both, local(1001).withCertificate(WEB))).isFalse();
        assertThat(lets(both, local(1000).withCertificate(ALICE))).isFalse();
        assertThat(lets(both, local(1000))).isFalse();
        assertThat(lets(both, PeerEvidence.ofRemote(WEB))).isFalse();
        assertThat(letsLater(both, local(1000).withCertificate(ALICE))).isFalse();
        PeerPolicy userAlone = allow(rule -> rule.user(1000));
        assertThat(lets(userAlone, local(1000).withCertificate(WEB))).isTrue();
    }

    @Test
    void denialByCertificate_isForAllWhoShowIt() {
        PeerPolicy policy = deny(rule -> rule.spiffeId("spiffe://example.org/"));
        for (PeerEvidence evidence : List.of(
                PeerEvidence.ofRemote(WEB),
                local(1000).withCertificate(WEB),
                PeerEvidence.of(MadePeer.of(1000, 100).notVisible().make()).withCertificate(WEB),
                PeerEvidence.of(UNMAPPED).withCertificate(WEB))) {
            assertThat(reason(policy, evidence)).isEqualTo(PeerDecision.Reason.RULE);
        }
        assertThat(lets(policy, local(1000))).isTrue();
        assertThat(lets(policy, PeerEvidence.ofRemote(ALICE))).isTrue();
        PeerPolicy noRemote = PeerPolicy.builder()
                .deny("it", rule -> rule.peer(PeerKind.REMOTE))
                .allow("certificates", rule -> rule.anyCertificate())
                .build(null);
        assertThat(reason(noRemote, PeerEvidence.ofRemote(ALICE))).isEqualTo(PeerDecision.Reason.RULE);
        assertThat(lets(noRemote, local(1000).withCertificate(ALICE))).isTrue();
    }

    @Test
    void names_areComparedWhole() {
        assertThat(lets(allow(rule -> rule.certificateSubject("CN=alice, O=Example")), PeerEvidence.ofRemote(ALICE)))
                .isTrue();
        for (String other :
                List.of("CN=Alice,O=Example", "CN=alice", "O=Example,CN=alice", "CN=alice,O=Example,C=FR")) {
            assertThat(lets(allow(rule -> rule.certificateSubject(other)), PeerEvidence.ofRemote(ALICE)))
                    .as(other)
                    .isFalse();
        }
        for (String san : List.of(
                "DNS:build.EXAMPLE.org",
                "email:alice@example.org",
                "IP:2001:db8:0:0:0:0:0:1",
                "URI:https://example.org/alice")) {
            assertThat(lets(allow(rule -> rule.certificateSan(san)), PeerEvidence.ofRemote(ALICE)))
                    .as(san)
                    .isTrue();
        }
        for (String san : List.of(
                "DNS:example.org",
                "DNS:*.example.org",
                "DNS:alice@example.org",
                "URI:https://example.org/",
                "email:Alice@example.org",
                "IP:2001:db8::2")) {
            assertThat(lets(allow(rule -> rule.certificateSan(san)), PeerEvidence.ofRemote(ALICE)))
                    .as(san)
                    .isFalse();
        }
        assertThat(lets(
                        allow(rule -> rule.anyCertificate().certificateIssuer("CN=Authority,O=Example")),
                        PeerEvidence.ofRemote(ALICE)))
                .isTrue();
        assertThat(lets(
                        allow(rule -> rule.anyCertificate().certificateIssuer("CN=Other,O=Example")),
                        PeerEvidence.ofRemote(ALICE)))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "spiffe://example.org/ns/web, true",
        "spiffe://example.org/ns/, true",
        "spiffe://example.org/, true",
        "spiffe://example.org/ns/web/, false",
        "spiffe://example.org/ns, false",
        "spiffe://example.org/ns/we, false",
        "spiffe://example.org/n/, false",
        "spiffe://example.or/, false",
        "spiffe://example.org.evil/, false",
        "spiffe://example.org, false",
    })
    void spiffeIds_areComparedWhole_orUpToASlash(String wanted, boolean matches) {
        assertThat(lets(allow(rule -> rule.spiffeId(wanted)), PeerEvidence.ofRemote(WEB)))
                .isEqualTo(matches);
        assertThat(WEB.spiffeId()).contains("spiffe://example.org/ns/web");
        assertThat(ALICE.spiffeId()).isEmpty();
    }

    @Test
    void certificateThatMisusesASpiffeId_isRefused() {
        for (String id : List.of(
                "spiffe://Example.org/a",
                "spiffe://example.org:80/a",
                "spiffe://user@example.org/a",
                "spiffe://example.org/a/../b",
                "spiffe://example.org/a//b",
                "spiffe://example.org/a/",
                "spiffe://example.org/a?b",
                "spiffe://example.org/a#b",
                "spiffe://example.org/%61",
                "SPIFFE://example.org/a",
                "spiffe:example.org")) {
            assertRefused(MadeCertificate.shown("CN=workload", builder -> builder.addSanUriName(id)), "SVID");
        }
        assertRefused(
                MadeCertificate.shown("CN=workload", builder -> builder.addSanUriName("https://example.org/a")
                        .addSanUriName("spiffe://example.org/a")),
                "2 URIs");
        assertRefused(
                MadeCertificate.shown("CN=authority", builder -> builder.addSanUriName("spiffe://example.org/a")
                        .setIsCertificateAuthority(true)),
                "authority");
        assertRefused(
                MadeCertificate.shown("CN=authority", builder -> builder.addSanUriName("spiffe://example.org/a")
                        .setKeyUsage(true, KeyUsage.keyCertSign)),
                "authority");
    }

    private static void assertRefused(PeerCertificateResult result, String why) {
        assertThat(result).isInstanceOf(CertificateAbsence.class);
        assertThat(((CertificateAbsence) result).reason()).isEqualTo(Reason.REFUSED);
        assertThat(((CertificateAbsence) result).message()).contains(why);
    }

    @Test
    void certificateThatIsNotValidNow_isAbsent_andOneThatRunsOutDeniesFromThenOn() throws Exception {
        Instant now = Instant.now();
        assertThat(((CertificateAbsence)
                                MadeCertificate.shown("CN=old", builder -> builder.notBefore(now.minusSeconds(60))
                                        .notAfter(now.minusSeconds(30))))
                        .reason())
                .isEqualTo(Reason.EXPIRED);
        assertThat(((CertificateAbsence)
                                MadeCertificate.shown("CN=early", builder -> builder.notBefore(now.plusSeconds(600))
                                        .notAfter(now.plusSeconds(900))))
                        .reason())
                .isEqualTo(Reason.EXPIRED);
        PeerCertificate brief = MadeCertificate.of("CN=brief", builder -> builder.notBefore(now.minusSeconds(60))
                .notAfter(Instant.now().plusSeconds(6)));
        PeerPolicy policy = PeerPolicy.builder()
                .allow("users", rule -> rule.anyUser())
                .allow("certificates", rule -> rule.anyCertificate())
                .build(null);
        assertThat(lets(policy, PeerEvidence.ofRemote(brief))).isTrue();
        while (brief.isValid()) {
            Thread.sleep(50);
        }
        assertThat(reason(policy, PeerEvidence.ofRemote(brief))).isEqualTo(PeerDecision.Reason.CERTIFICATE_EXPIRED);
        assertThat(reason(policy, local(1000).withCertificate(brief)))
                .isEqualTo(PeerDecision.Reason.CERTIFICATE_EXPIRED);
        assertThat(policy.explain(PeerEvidence.ofRemote(brief)).text())
                .contains("the peer's certificate is not valid now (it is valid from ");
    }

    @Test
    void sessionWithoutCertificate_isNotShown_andForeignOnesAreRefused() throws Exception {
        assertThat(((CertificateAbsence) PeerCertificate.of(MadeCertificate.session())).reason())
                .isEqualTo(Reason.NOT_SHOWN);
        assertRefused(
                PeerCertificate.of(MadeCertificate.session(new java.security.cert.Certificate("odd") {
                    private static final long serialVersionUID = 1;

                    @Override
                    public byte[] getEncoded() {
                        return new byte[0];
                    }

                    @Override
                    public void verify(java.security.PublicKey key) {}

                    @Override
                    public void verify(java.security.PublicKey key, String provider) {}

                    @Override
                    public String toString() {
                        return "odd";
                    }

                    @Override
                    public java.security.PublicKey getPublicKey() {
                        throw new UnsupportedOperationException();
                    }
                })),
                "not of X.509");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "peer = \"remote\" | 4:1: rule \"it\" does not say which remote peers it allows",
                "peer = [\"visible\", \"remote\"] | 4:1: rule \"it\" does not say which remote peers it allows",
                "user = 0\\npeer = \"remote\"\\nspiffe-id = \"spiffe://a/\" | a remote peer has a certificate and no credentials",
                "peer = \"remote\"\\nspiffe-id = \"spiffe://a/\"\\nlabel = \"x\" | so label can never match it",
                "peer = \"remote\"\\nspiffe-id = \"spiffe://a/\"\\nmoment = \"connect\" | so moment can never match it",
                "certificate-subject = \"alice\" | 4:23: not a distinguished name",
                "certificate-subject = \"\" | not a text",
                "certificate-subject = 5 | not a text",
                "certificate-subject = [\"@any\", \"CN=alice\"] | leave the others out",
                "certificate-issuer = \"@any\" | not a distinguished name",
                "certificate-san = \"build.example.org\" | an alternative name begins with",
                "certificate-san = \"DNS:\" | without a name",
                "certificate-san = \"IP:build\" | not an address",
                "certificate-san = \"URI:spiffe://a/b\" | named by spiffe-id",
                "spiffe-id = \"https://a/b\" | not a SPIFFE id",
                "spiffe-id = \"spiffe://a//\" | not a SPIFFE id",
                "spiffe-id = \"spiffe://\" | not a SPIFFE id",
                "spiffe-id = \"spiffe://A/b\" | not a SPIFFE id",
                "spiffe-id = [] | an empty list",
                "spiffe-ids = \"spiffe://a/b\" | no such key",
            })
    void file_withAnythingWrong_isAnError(String lines, String message) {
        String toml = "[[rule]]\nname = \"it\"\ndecision = \"allow\"\n" + lines.replace("\\n", "\n") + "\n";
        assertThatThrownBy(() -> PeerPolicy.parse(toml, "peers.toml", null))
                .isInstanceOf(PolicyException.class)
                .hasMessageContaining(message);
    }

    @Test
    void file_saysTheSameAsJava() {
        PeerPolicy file = PeerPolicy.parse(
                """
                [[rule]]
                name = "it"
                decision = "allow"
                peer = "remote"
                certificate-subject = "CN=alice,O=Example"
                certificate-issuer = "CN=Authority,O=Example"
                certificate-san = ["DNS:a", "URI:b"]
                spiffe-id = ["spiffe://a/b", "spiffe://a/c/"]
                """,
                "peers.toml",
                null);
        PeerPolicy java = allow(rule -> rule.peer(PeerKind.REMOTE)
                .certificateSubject("CN=alice,O=Example")
                .certificateIssuer("CN=Authority,O=Example")
                .certificateSan("DNS:a", "URI:b")
                .spiffeId("spiffe://a/b", "spiffe://a/c/"));
        assertThat(file.rules()).isEqualTo(java.rules());
        assertThat(file.needsCertificate()).isTrue();
        assertThat(allow(RuleBuilder::anyUser).needsCertificate()).isFalse();
    }

    @Test
    void ruleThatAnotherCovers_isAnError_andOneThatItDoesNotIsNone() {
        assertThatThrownBy(() -> PeerPolicy.builder()
                        .allow("all", rule -> rule.spiffeId("spiffe://a/"))
                        .allow("one", rule -> rule.spiffeId("spiffe://a/b"))
                        .build(null))
                .hasMessageContaining("rule \"one\" can never match");
        PeerPolicy.builder()
                .allow("users", rule -> rule.anyUser())
                .deny("the rest", rule -> rule.peer(PeerKind.values()))
                .build(null);
        PeerPolicy.builder()
                .allow("one", rule -> rule.spiffeId("spiffe://a/b"))
                .allow("all", rule -> rule.spiffeId("spiffe://a/"))
                .allow("users", rule -> rule.anyUser())
                .build(null);
        PeerPolicy.builder()
                .allow("users", rule -> rule.anyUser())
                .allow("all", rule -> rule.spiffeId("spiffe://a/"))
                .build(null);
    }

    @Test
    void explanation_namesWhatIsMissing() {
        PeerPolicy policy = PeerPolicy.builder()
                .allow("users", rule -> rule.user(1000))
                .allow("web", rule -> rule.spiffeId("spiffe://example.org/ns/db"))
                .build(null);
        assertThat(policy.explain(PeerEvidence.ofRemote(WEB)).text())
                .contains("nearest: rule ")
                .doesNotContain("\n");
        assertThat(policy.explain(PeerEvidence.ofRemote(WEB)).passed().get(0).why())
                .containsExactly("is not about remote peers");
        assertThat(policy.explain(PeerEvidence.ofRemote(WEB))
                        .passed()
                        .get(1)
                        .why()
                        .get(0))
                .startsWith("wants spiffe-id \"spiffe://example.org/ns/db\", peer has CN=workload URI:spiffe://");
        assertThat(policy.explain(local(1001)).passed().get(1).why())
                .containsExactly("wants spiffe-id \"spiffe://example.org/ns/db\", peer has no certificate");
    }
}
