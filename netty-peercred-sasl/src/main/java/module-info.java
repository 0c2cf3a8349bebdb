// SPDX-License-Identifier: Apache-2.0

/** D-Bus authentication with SASL's mechanism EXTERNAL, whose credentials are the kernel's. */
module io.github.nettypeercred.sasl {
    requires transitive io.github.nettypeercred;
    requires transitive io.netty.transport;
    requires io.netty.buffer;
    requires io.netty.common;
    requires static org.jspecify;

    exports io.github.nettypeercred.sasl;
}
