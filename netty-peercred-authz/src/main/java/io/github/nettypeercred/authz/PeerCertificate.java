// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import io.netty.util.NetUtil;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a peer has proved to hold in a TLS handshake, and that the trust manager of this side has accepted: RFC 5280, RFC 8446. It is
 * made from the session of a handshake that was completed, and in no other way. Immutable; may be used from any thread.
 *
 * <p>It says who the peer is in the eyes of the authorities that are trusted here, and nothing of the process or user at the other end. A resumed
 * session has the certificate of the handshake before it.
 */
public final class PeerCertificate implements PeerCertificateResult {
    private static final String ALTERNATIVE_NAMES = "2.5.29.17";
    private static final int SHOWN = 200;
    private static final int EMAIL = 1;
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int IP = 7;
    private static final int KEY_CERT_SIGN = 5;
    private static final int CRL_SIGN = 6;

    private final X509Certificate certificate;
    private final String subject;
    private final String issuer;
    private final List<String> alternativeNames;
    private final @Nullable String spiffeId;
    private final long notBefore;
    private final long notAfter;

    private PeerCertificate(X509Certificate certificate, List<String> alternativeNames, @Nullable String spiffeId) {
        this.certificate = certificate;
        this.subject = DistinguishedName.text(certificate.getSubjectX500Principal());
        this.issuer = DistinguishedName.text(certificate.getIssuerX500Principal());
        this.alternativeNames = List.copyOf(alternativeNames);
        this.spiffeId = spiffeId;
        this.notBefore = certificate.getNotBefore().toInstant().toEpochMilli();
        this.notAfter = certificate.getNotAfter().toInstant().toEpochMilli();
    }

    /** What the session of a completed handshake says of the peer, or why nothing. */
    static PeerCertificateResult of(SSLSession session) {
        Certificate[] chain;
        try {
            chain = session.getPeerCertificates();
        } catch (SSLPeerUnverifiedException e) {
            return new CertificateAbsence(Reason.NOT_SHOWN, "the handshake was completed without one");
        }
        if (chain == null || chain.length == 0 || !(chain[0] instanceof X509Certificate leaf)) {
            return new CertificateAbsence(Reason.REFUSED, "the peer's certificate is not of X.509");
        }
        try {
            return of(leaf);
        } catch (CertificateParsingException e) {
            return new CertificateAbsence(Reason.REFUSED, "malformed alternative names: " + e.getMessage());
        } catch (CertificateEncodingException | RuntimeException e) { // a parser's, of what a peer sent
            return new CertificateAbsence(Reason.REFUSED, "malformed: " + e);
        }
    }

    private static PeerCertificateResult of(X509Certificate leaf)
            throws CertificateParsingException, CertificateEncodingException {
        if (Der.hasExtensionTwice(leaf.getTBSCertificate())) {
            return new CertificateAbsence(Reason.REFUSED, "malformed: an extension is there twice");
        }
        List<String> names = new ArrayList<>();
        List<String> uris = new ArrayList<>();
        Collection<List<?>> alternative = leaf.getSubjectAlternativeNames();
        boolean none = alternative == null || alternative.isEmpty();
        if (none && leaf.getExtensionValue(ALTERNATIVE_NAMES) != null) { // the JDK keeps silent of what it cannot read
            return new CertificateAbsence(Reason.REFUSED, "malformed alternative names");
        }
        for (List<?> each : alternative == null ? List.<List<?>>of() : alternative) {
            if (each.get(1) instanceof String text) {
                switch ((Integer) each.get(0)) {
                    case EMAIL -> names.add("email:" + text);
                    case DNS -> names.add("DNS:" + text.toLowerCase(Locale.ROOT));
                    case URI -> {
                        names.add("URI:" + text);
                        uris.add(text);
                    }
                    case IP -> names.add("IP:" + address(text));
                    default -> {} // of kinds that no rule can name
                }
            }
        }
        String spiffeId = uris.stream().filter(SpiffeId::isMeant).findFirst().orElse(null);
        if (spiffeId != null) {
            String wrong = wrongOfSvid(leaf, spiffeId, uris.size());
            if (wrong != null) {
                return new CertificateAbsence(Reason.REFUSED, "not an X.509-SVID: " + wrong);
            }
        }
        PeerCertificate known = new PeerCertificate(leaf, names, spiffeId);
        return known.isValid() ? known : known.expired();
    }

    /** What keeps a certificate with a SPIFFE id from being one of a workload, by the standard X509-SVID; null if nothing does. */
    private static @Nullable String wrongOfSvid(X509Certificate leaf, String spiffeId, int uris) {
        if (uris > 1) {
            return "it has " + uris + " URIs";
        }
        if (!SpiffeId.isValid(spiffeId)) {
            return "not a SPIFFE id: " + spiffeId;
        }
        boolean[] usage = leaf.getKeyUsage();
        boolean signs = usage != null && (usage[KEY_CERT_SIGN] || usage[CRL_SIGN]);
        return leaf.getBasicConstraints() >= 0 || signs ? "it is that of an authority" : null;
    }

    /** An address in the one way to write it, or as it is if it is none. */
    static String address(String text) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        return bytes == null ? text : NetUtil.bytesToIpAddress(bytes);
    }

    /** Whether it is valid now. */
    boolean isValid() {
        long now = System.currentTimeMillis();
        return notBefore <= now && now <= notAfter;
    }

    CertificateAbsence expired() {
        return new CertificateAbsence(Reason.EXPIRED, "it is valid from " + notBefore() + " to " + notAfter());
    }

    /**
     * Returns the certificate itself.
     *
     * @return the peer's own, first of its chain
     */
    public X509Certificate x509() {
        return certificate;
    }

    /**
     * Returns the subject.
     *
     * @return its distinguished name in the form of RFC 2253 with openssl's keywords, empty if it has none
     */
    public String subject() {
        return subject;
    }

    /**
     * Returns the name of who has signed it. Any authority that is trusted, or that one of those has made, may bear it: whose key signed is not told.
     *
     * @return the distinguished name in the form of RFC 2253 with openssl's keywords
     */
    public String issuer() {
        return issuer;
    }

    /**
     * Returns the subject's alternative names of the kinds {@code DNS:}, in small letters, {@code URI:}, {@code email:} and {@code IP:}.
     *
     * @return the names, each behind its kind
     */
    public List<String> alternativeNames() {
        return alternativeNames;
    }

    /**
     * Returns the SPIFFE id, if this is an X.509-SVID.
     *
     * @return the id, which begins with {@code spiffe://}
     */
    public Optional<String> spiffeId() {
        return Optional.ofNullable(spiffeId);
    }

    /**
     * Returns from when it is valid.
     *
     * @return the first instant
     */
    public Instant notBefore() {
        return Instant.ofEpochMilli(notBefore);
    }

    /**
     * Returns until when it is valid.
     *
     * @return the last instant
     */
    public Instant notAfter() {
        return Instant.ofEpochMilli(notAfter);
    }

    /** Printable ASCII, cut off where it is long. */
    @Override
    public String toString() {
        String text = (subject.isEmpty() ? "no subject" : subject)
                + (alternativeNames.isEmpty() ? "" : " " + String.join(" ", alternativeNames))
                + " serial " + certificate.getSerialNumber().toString(16) + " of " + issuer;
        return Quoted.plain(text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text);
    }
}
