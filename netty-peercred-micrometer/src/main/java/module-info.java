// SPDX-License-Identifier: Apache-2.0

/** What was decided about peers, as meters of Micrometer. */
module io.github.nettypeercred.micrometer {
    requires transitive io.github.nettypeercred;
    requires transitive io.github.nettypeercred.authz;
    requires transitive micrometer.core;
    requires static org.jspecify;

    exports io.github.nettypeercred.micrometer;
}
