// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.spi.AccountDatabase;
import java.util.Optional;
import java.util.ServiceLoader;

/** The names of users and groups on this system. Every look-up may block: not for an event loop. */
final class Names {
    private final Optional<AccountDatabase> database;

    private Names(Optional<AccountDatabase> database) {
        this.database = database;
    }

    static Names ofThisSystem() {
        return new Names(ServiceLoader.load(AccountDatabase.class).findFirst());
    }

    Optional<String> user(long uid) {
        return database.flatMap(accounts -> accounts.userName(uid).value());
    }

    Optional<String> group(long gid) {
        return database.flatMap(accounts -> accounts.groupName(gid).value());
    }
}
