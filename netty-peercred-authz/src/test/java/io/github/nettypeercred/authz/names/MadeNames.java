// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.names;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.nettypeercred.spi.AccountDatabase;

/** Names of an account database that a test makes. */
public final class MadeNames {
    private MadeNames() {}

    public static Names of(Names.Builder builder, AccountDatabase database, Ticker ticker) {
        return builder.ticker(ticker).build(database);
    }
}
