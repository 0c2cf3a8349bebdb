// SPDX-License-Identifier: Apache-2.0

/** Who may do what: a policy over the credentials of peers, and the names of users and groups. */
module io.github.nettypeercred.authz {
    requires transitive io.github.nettypeercred;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires transitive io.netty.buffer;
    requires io.netty.transport.unix.common;
    requires static jdk.jfr;
    requires com.fasterxml.jackson.core;
    requires com.fasterxml.jackson.databind;
    requires com.fasterxml.jackson.dataformat.toml;
    requires com.github.benmanes.caffeine;
    requires static transitive org.jspecify;

    exports io.github.nettypeercred.authz;
    exports io.github.nettypeercred.authz.limits;
    exports io.github.nettypeercred.authz.names;

    uses io.github.nettypeercred.spi.AccountDatabase;
    uses io.github.nettypeercred.spi.TrustedFile;
}
