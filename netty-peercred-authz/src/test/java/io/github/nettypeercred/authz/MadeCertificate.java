// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.lang.reflect.Proxy;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** Certificates of an authority that nobody trusts, and sessions whose peer has shown them. */
final class MadeCertificate {
    private static final X509Bundle AUTHORITY = authority();

    private MadeCertificate() {}

    private static X509Bundle authority() {
        try {
            return new CertificateBuilder()
                    .ecp256()
                    .subject("CN=Authority,O=Example")
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
        } catch (Exception e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** What is added to a certificate. */
    @FunctionalInterface
    interface Adding {
        void to(CertificateBuilder builder) throws Exception;
    }

    static X509Certificate x509(String subject, Adding adding) {
        CertificateBuilder builder = new CertificateBuilder().ecp256().subject(subject);
        try {
            adding.to(builder);
            return builder.buildIssuedBy(AUTHORITY).getCertificate();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static PeerCertificateResult shown(String subject, Adding adding) {
        return PeerCertificate.of(session(x509(subject, adding)));
    }

    static PeerCertificate of(String subject, Adding adding) {
        return (PeerCertificate) shown(subject, adding);
    }

    static PeerCertificate spiffe(String id) {
        return of("CN=workload", builder -> builder.addSanUriName(id));
    }

    /** A session whose peer has shown a chain; none if there is nothing in it. */
    static SSLSession session(Certificate... chain) {
        return (SSLSession) Proxy.newProxyInstance(
                SSLSession.class.getClassLoader(), new Class<?>[] {SSLSession.class}, (proxy, method, arguments) -> {
                    if (!method.getName().equals("getPeerCertificates")) {
                        throw new UnsupportedOperationException(method.toString());
                    }
                    if (chain.length == 0) {
                        throw new SSLPeerUnverifiedException("peer not authenticated");
                    }
                    return chain;
                });
    }
}
