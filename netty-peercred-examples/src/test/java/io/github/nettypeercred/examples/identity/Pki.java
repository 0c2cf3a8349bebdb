// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.identity;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** Authorities and certificates, and files of them that any user can read. */
final class Pki {
    final X509Bundle authority = authority("CN=Authority,O=Example");
    final X509Bundle server = issue(authority, "CN=server", builder -> builder.addSanDnsName("localhost")
            .addSanIpAddress("127.0.0.1"));
    final X509Bundle web = issue(authority, "CN=web", builder -> builder.addSanUriName("spiffe://example.org/ns/web"));
    final X509Bundle old = issue(authority, "CN=old", builder -> builder.addSanUriName("spiffe://example.org/ns/old"));
    final X509Bundle agent =
            issue(authority, "CN=agent", builder -> builder.addSanUriName("spiffe://example.org/agent"));
    final X509Bundle alice = issue(authority, "CN=alice,O=Example", builder -> {});
    final X509Bundle mallory = issue(authority, "CN=mallory,O=Example", builder -> {});
    final X509Bundle build = issue(authority, "CN=b", builder -> builder.addSanDnsName("build.example.org"));
    final X509Bundle expired =
            issue(authority, "CN=web", builder -> builder.addSanUriName("spiffe://example.org/ns/web")
                    .notBefore(Instant.now().minusSeconds(7200))
                    .notAfter(Instant.now().minusSeconds(3600)));
    final X509Bundle early = issue(authority, "CN=web", builder -> builder.addSanUriName("spiffe://example.org/ns/web")
            .notBefore(Instant.now().plusSeconds(3600))
            .notAfter(Instant.now().plusSeconds(7200)));
    final X509Bundle forged = issue(
            authority("CN=Authority,O=Example"),
            "CN=web",
            builder -> builder.addSanUriName("spiffe://example.org/ns/web"));
    final X509Bundle stranger =
            issue(authority("CN=Stranger"), "CN=web", builder -> builder.addSanUriName("spiffe://example.org/ns/web"));
    final X509Bundle serverOnly =
            issue(authority, "CN=web", builder -> builder.addSanUriName("spiffe://example.org/ns/web")
                    .addExtendedKeyUsageServerAuth());
    final X509Bundle twoUris = issue(authority, "CN=web", builder -> builder.addSanUriName("https://example.org/")
            .addSanUriName("spiffe://example.org/ns/web"));

    /** What is added to a certificate. */
    @FunctionalInterface
    private interface Adding {
        void to(CertificateBuilder builder) throws Exception;
    }

    private static X509Bundle authority(String subject) {
        try {
            return new CertificateBuilder()
                    .ecp256()
                    .subject(subject)
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Bundle issue(X509Bundle by, String subject, Adding adding) {
        CertificateBuilder builder = new CertificateBuilder().ecp256().subject(subject);
        try {
            adding.to(builder);
            return builder.buildIssuedBy(by);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** One that is valid until soon. */
    static X509Bundle brief(X509Bundle authority, Instant notAfter) {
        return issue(authority, "CN=web", builder -> builder.addSanUriName("spiffe://example.org/ns/web")
                .notAfter(notAfter));
    }

    /** Writes the files NAME.crt and NAME.key. */
    static void write(X509Bundle bundle, Path folder, String name) throws IOException {
        Files.writeString(folder.resolve(name + ".crt"), bundle.getCertificatePathPEM());
        Files.writeString(folder.resolve(name + ".key"), bundle.getPrivateKeyPEM());
    }
}
