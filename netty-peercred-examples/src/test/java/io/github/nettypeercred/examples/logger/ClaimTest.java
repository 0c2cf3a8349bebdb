// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClaimTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "<13>Nov 21 17:28:31 foo[5757]: hello, foo, 5757",
                "<13>Nov  1 17:28:31 vm root[5766]: foo, root, 5766",
                "<13>Nov 21 17:28:31 root: hello, root, ``",
                "<12>sshd[1]: hello, sshd, 1",
                "sshd[self]: hello, sshd, self",
                "<12>hello, ``, ``",
                "<12>two words: hello, ``, ``",
                "<13>1 2026-11-21T17:28:31.712247+00:00 vm foo 5759 - [timeQuality tzKnown=\"1\"] x, foo, 5759",
                "<86>2026-11-21T19:40:11+00:00 vm sshd[1]: x, sshd, 1",
                "<86>2026-11-21T19:40:11.5Z sshd: x, sshd, ``",
                "<86>2026-11-21T19:40:11Z vm says nothing, ``, ``",
                "<13>1 - - - - - - x, ``, ``",
            })
    void claim_isRead(String text, String program, String pid) {
        assertThat(Claim.of(text)).isEqualTo(new Claim(program, pid));
    }
}
