// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

/** What becomes of a peer that goes over a rate. */
public enum OverLimit {
    /** Its connection is closed. */
    REFUSE,
    /** Its connection is not read from until the rate is kept again; the kernel then makes it wait when it writes. */
    SLOW
}
