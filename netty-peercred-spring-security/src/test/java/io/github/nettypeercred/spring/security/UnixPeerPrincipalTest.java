// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.authz.names.UserAccount;
import org.junit.jupiter.api.Test;

class UnixPeerPrincipalTest {
    @Test
    void name_is_that_of_the_account() {
        assertThat(new UnixPeerPrincipal(1000, Answer.known(new UserAccount(1000, "ann"))).getName())
                .isEqualTo("ann");
    }

    @Test
    void user_without_an_account_is_named_by_its_uid() {
        Answer<UserAccount> none = Answer.unknown(new Absence(AbsenceReason.NO_SUCH_ACCOUNT, "none"));

        assertThat(new UnixPeerPrincipal(4294967294L, none).getName()).isEqualTo("uid:4294967294");
    }

    @Test
    void account_that_is_called_like_another_uid_does_not_get_its_name() {
        assertThat(new UnixPeerPrincipal(1000, Answer.known(new UserAccount(1000, "uid:0"))).getName())
                .isEqualTo("uid:1000");
    }

    @Test
    void account_of_another_uid_is_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UnixPeerPrincipal(1000, Answer.known(new UserAccount(0, "root"))));
    }
}
