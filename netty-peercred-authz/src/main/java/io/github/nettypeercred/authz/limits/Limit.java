// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

/** What a peer was refused or slowed for. */
public enum Limit {
    /** The account has as many connections open as one may have. */
    CONNECTIONS,
    /** The account has its fair share of all connections open. */
    FAIR_SHARE,
    /** The account opens connections too fast. */
    CONNECTION_RATE,
    /** The account sends messages too fast. */
    MESSAGE_RATE,
    /** The account sends bytes too fast. */
    BYTE_RATE
}
