// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.authz.names.UserAccount;
import java.util.Objects;
import org.springframework.security.core.AuthenticatedPrincipal;

/**
 * The user at the other end of a Unix domain socket: the id that the kernel attested, and the name that the account
 * database has for it.
 *
 * @param uid the user id, 0 to 2^32-2
 * @param account the account with that id, or why it is not known. Derived: show it, and decide by the id or by authorities
 */
public record UnixPeerPrincipal(long uid, Answer<UserAccount> account) implements AuthenticatedPrincipal {
    private static final String NAMELESS = "uid:";

    /** Checks that the account is not null and has the id. */
    public UnixPeerPrincipal {
        Objects.requireNonNull(account, "account");
        account.value().ifPresent(known -> {
            if (known.uid() != uid) {
                throw new IllegalArgumentException("the account of uid " + known.uid() + " is not that of " + uid);
            }
        });
    }

    /**
     * Returns the name of the user, which is also that of the {@link UnixPeerAuthentication}.
     *
     * @return the name of the account; {@code uid:1000} for uid 1000 if it is not known. No account's name is
     *     given that begins so: there it is the latter too. Any other characters may be in it: escape it before printing
     */
    @Override
    public String getName() {
        return account.value()
                .map(UserAccount::name)
                .filter(name -> !name.startsWith(NAMELESS))
                .orElseGet(() -> NAMELESS + uid);
    }

    /** Returns the name. */
    @Override
    public String toString() {
        return getName();
    }
}
