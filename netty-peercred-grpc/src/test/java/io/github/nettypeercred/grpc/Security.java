// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** With TLS over the Unix domain socket, and without. */
enum Security {
    PLAINTEXT,
    TLS;

    /** A certificate of localhost's, and the file that clients under other users find it in. */
    private static final class Pki {
        static final X509Bundle BUNDLE = bundle();
        static final String CERTIFICATE = PublicFiles.write("certificate.pem", BUNDLE.getCertificatePathPEM())
                .toString();

        private static X509Bundle bundle() {
            try {
                return new CertificateBuilder()
                        .subject("CN=localhost")
                        .addSanDnsName("localhost")
                        .setIsCertificateAuthority(true)
                        .buildSelfSigned();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    ServerCredentials server() {
        try {
            return this == PLAINTEXT
                    ? InsecureServerCredentials.create()
                    : TlsServerCredentials.create(
                            stream(Pki.BUNDLE.getCertificatePathPEM()), stream(Pki.BUNDLE.getPrivateKeyPEM()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the client's program takes. */
    String certificate() {
        return this == PLAINTEXT ? "-" : Pki.CERTIFICATE;
    }

    private static InputStream stream(String pem) {
        return new ByteArrayInputStream(pem.getBytes(UTF_8));
    }
}
