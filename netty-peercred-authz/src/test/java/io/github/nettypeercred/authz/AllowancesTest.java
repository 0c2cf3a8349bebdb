// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.CertificateAbsence.Reason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What strangers may take of the log, and what is left to others. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AllowancesTest {
    private static final PeerEvidence STRANGER =
            PeerEvidence.ofRemote(new CertificateAbsence(Reason.TLS_FAILED, "made"));

    private final Random random = new Random(1);
    private final Allowances allowances = new Allowances(() -> 0);

    private int from(byte[] address) throws Exception {
        return allowances.take(new InetSocketAddress(InetAddress.getByAddress(address), 1), STRANGER) < 0 ? 0 : 1;
    }

    private byte[] random(int bytes, int... first) {
        byte[] address = new byte[bytes];
        random.nextBytes(address);
        for (int i = 0; i < first.length; i++) {
            address[i] = (byte) first[i];
        }
        return address;
    }

    @Test
    void strangers_takeNothingOfUsersAndCertificates() throws Exception {
        int lines = 0;
        for (int i = 0; i < 20_000; i++) {
            lines += from(random(4));
            lines += from(random(16, 0x20, 1));
        }
        assertThat(lines).isEqualTo(64 * LineAllowance.LINES);
        for (long uid = 0; uid < 1024; uid++) {
            PeerEvidence user = PeerEvidence.of(MadePeer.of(uid, 100).make());
            assertThat(allowances.take(null, user)).as("user " + uid).isZero();
        }
        assertThat(allowances.take(null, PeerEvidence.ofRemote(MadeCertificate.spiffe("spiffe://a/x"))))
                .isZero();
        assertThat(allowances.take(null, STRANGER)).isZero();
    }

    @Test
    void addressesOfOneNetwork_areOneStranger() throws Exception {
        int lines = 0;
        for (int i = 0; i < 1000; i++) {
            lines += from(random(16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1));
        }
        assertThat(lines).isEqualTo(LineAllowance.LINES);
        assertThat(from(random(4, 192, 0, 2, 1))).isOne();
    }
}
