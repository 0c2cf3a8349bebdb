// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a rule wants of a peer's certificate: that there is a verified one, and all of these. What is null always holds.
 *
 * @param subjects distinguished names in the form of RFC 2253
 * @param issuers the same, of who has signed the certificate: names, which any authority that is trusted may give
 * @param names alternative names, in the form of {@link PeerCertificate#alternativeNames()}
 * @param spiffeIds ids, and beginnings of ids, which end in a slash
 */
record CertificateCondition(
        @Nullable Set<String> subjects,
        @Nullable Set<String> issuers,
        @Nullable Set<String> names,
        @Nullable List<String> spiffeIds) {

    /** Whether it holds: never without a certificate. */
    boolean test(@Nullable PeerCertificate certificate) {
        return certificate != null
                && (subjects == null || subjects.contains(certificate.subject()))
                && (issuers == null || issuers.contains(certificate.issuer()))
                && (names == null || certificate.alternativeNames().stream().anyMatch(names::contains))
                && (spiffeIds == null
                        || (certificate.spiffeId().isPresent()
                                && covers(spiffeIds, certificate.spiffeId().get())));
    }

    private static boolean covers(List<String> ids, String id) {
        for (String each : ids) {
            if (each.endsWith("/") ? id.startsWith(each) : id.equals(each)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it holds wherever another does. */
    boolean followsFrom(CertificateCondition other) {
        return follows(subjects, other.subjects)
                && follows(issuers, other.issuers)
                && follows(names, other.names)
                && (spiffeIds == null
                        || (other.spiffeIds != null
                                && other.spiffeIds.stream().allMatch(each -> covers(spiffeIds, each))));
    }

    private static boolean follows(@Nullable Set<String> own, @Nullable Set<String> others) {
        return own == null || (others != null && own.containsAll(others));
    }
}
