// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of certificates whose encoding is unusual or wrong; {@code #} begins a value in DER. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CertificateNamesTest {
    private static final String SAN = "2.5.29.17";

    private static void assertRefused(PeerCertificateResult result, String why) {
        assertThat(result).isInstanceOfSatisfying(CertificateAbsence.class, absence -> {
            assertThat(absence.reason()).isEqualTo(Reason.REFUSED);
            assertThat(absence.message()).contains(why).matches("[ -~]+");
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CN=#1E04726F6F74 | BMPString whose bytes are those of root",
                "CN=#1E080072006F006F0074 | BMPString root",
                "CN=#1C04726F6F74 | UniversalString",
                "CN=#1B04726F6F74 | GeneralString",
                "CN=#1402C3A9 | T61String beyond ASCII",
                "CN=#1302C3A9 | PrintableString beyond ASCII",
                "DC=#1602C3A9 | IA5String beyond ASCII",
                "CN=#0C02C328 | UTF8String that is not UTF-8",
                "CN=#0C03EDA080 | UTF8String with a surrogate",
                "O=Example+CN=#1E04726F6F74 | the second of a set",
            })
    void nameThatIsReadInSeveralWays_isRefused(String subject, String why) throws Exception {
        assertRefused(MadeCertificate.shown(subject, builder -> {}), "a name with text that is n");
        X509Bundle authority = new CertificateBuilder()
                .ecp256()
                .subject(subject)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        X509Certificate issued = new CertificateBuilder()
                .ecp256()
                .subject("CN=x")
                .buildIssuedBy(authority)
                .getCertificate();
        assertRefused(PeerCertificate.of(MadeCertificate.session(issued)), "a name with text that is n");
        assertThatThrownBy(() -> PeerPolicy.builder()
                        .allow("x", rule -> rule.certificateSubject(subject))
                        .build(null))
                .as(why)
                .isInstanceOf(PolicyException.class)
                .hasMessageContaining("not a distinguished name");
    }

    /** The texts are as {@code openssl x509 -noout -subject -nameopt RFC2253} of OpenSSL 3.0 prints them. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CN=root,O=Example | CN=root,O=Example",
                "CN=#1304726F6F74 | CN=root",
                "CN=#0C04726F6F74 | CN=root",
                "CN=#1604726F6F74 | CN=root",
                "CN=#1404726F6F74 | CN=root",
                "CN=#0C054AC3BC7267 | CN=J\\C3\\BCrg",
                "EMAILADDRESS=a@b.c,CN=x | emailAddress=a@b.c,CN=x",
                "2.5.4.5=#13023132,CN=x | serialNumber=12,CN=x",
                "2.5.4.5=#0C023132,CN=x | serialNumber=12,CN=x",
                "2.5.4.12=Dr,CN=x | title=Dr,CN=x",
                "2.5.4.42=Al,2.5.4.4=B,2.5.4.43=A | GN=Al,SN=B,initials=A",
                "2.5.4.65=P,2.5.4.97=VATDE-1 | pseudonym=P,organizationIdentifier=VATDE-1",
                "UID=a,DC=example,DC=org | UID=a,DC=example,DC=org",
                "CN=a+OU=b,O=x\\,y,C=DE | CN=a+OU=b,O=x\\,y,C=DE",
                "CN=*.example.org | CN=*.example.org",
                "CN=\\#a\\;b\\<c\\>\\\"d\\\\\\+ | CN=\\#a\\;b\\<c\\>\\\"d\\\\\\+",
            })
    void nameAsOpensslPrintsIt_matches_whateverTheKindOfItsStrings(String subject, String printed) {
        PeerCertificate certificate = MadeCertificate.of(subject, builder -> {});
        PeerPolicy policy = PeerPolicy.builder()
                .allow("x", rule -> rule.certificateSubject(printed))
                .build(null);
        assertThat(policy.decide(PeerEvidence.ofRemote(certificate)).isAllowed())
                .as(certificate.subject())
                .isTrue();
        if (!printed.contains("\\C3")) {
            assertThat(certificate.subject()).isEqualTo(printed);
        }
    }

    @Test
    void nameOfAKindThatNobodyKnows_isShownInDigits_inOneWay() {
        for (String value : new String[] {"#130161", "#0c0161", "#160161"}) {
            assertThat(MadeCertificate.of("1.2.3.4=" + value, builder -> {}).subject())
                    .isEqualTo("1.2.3.4=#0c0161");
        }
        assertThat(MadeCertificate.of("1.2.3.4=#0203010203", builder -> {}).subject())
                .isEqualTo("1.2.3.4=#0203010203");
    }

    private static byte[] uris(String... names) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String each : names) {
            all.write(0x86);
            all.write(each.length());
            all.writeBytes(each.getBytes(US_ASCII));
        }
        ByteArrayOutputStream sequence = new ByteArrayOutputStream();
        sequence.write(0x30);
        sequence.write(all.size());
        sequence.writeBytes(all.toByteArray());
        return sequence.toByteArray();
    }

    @Test
    void alternativeNamesThatCannotBeRead_areRefused() {
        for (byte[] san : new byte[][] {uris("spiffe://a/evil", "http://["), uris(), {0x30, 5, 0}, {5, 0}}) {
            for (boolean critical : new boolean[] {false}) {
                assertRefused(
                        MadeCertificate.shown("CN=x", builder -> builder.addExtensionOctetString(SAN, critical, san)),
                        "malformed");
            }
        }
        assertThat(MadeCertificate.shown(
                        "CN=x", builder -> builder.addExtensionOctetString(SAN, false, uris("https://a/"))))
                .isInstanceOf(PeerCertificate.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void alternativeNamesThatAreThereTwice_areRefused(boolean readableFirst) throws Exception {
        byte[] readable = uris("https://a/");
        byte[] hidden = uris("spiffe://a/evil", "http://[");
        byte[] der = MadeCertificate.x509("CN=x", builder -> builder.addExtensionOctetString(
                                SAN, false, readableFirst ? readable : hidden)
                        .addExtensionOctetString("2.5.29.18", false, readableFirst ? hidden : readable))
                .getEncoded();
        String text = new String(der, java.nio.charset.StandardCharsets.ISO_8859_1);
        der[text.indexOf("\u0006\u0003U\u001d\u0012") + 4] = 0x11;
        X509Certificate twice = (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        assertThat(Objects.requireNonNull(twice.getSubjectAlternativeNames())).hasSize(1);
        assertRefused(PeerCertificate.of(MadeCertificate.session(twice)), "an extension is there twice");
    }

    @Test
    void absence_isOneLineOfAscii_whoeverMadeIt() {
        CertificateAbsence absence = new CertificateAbsence(Reason.REFUSED, "a\n\u001b[31m\u00e9" + "x".repeat(1000));
        assertThat(absence.message())
                .startsWith("a\\u000a\\u001b[31m\\u00e9xx")
                .endsWith("...")
                .hasSizeLessThan(330);
        assertThat(absence.toString()).matches("[ -~]+");
    }
}
