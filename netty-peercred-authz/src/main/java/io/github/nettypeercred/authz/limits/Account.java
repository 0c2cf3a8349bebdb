// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

/** What one user has of the server. Its stripe is its lock. */
final class Account {
    final int id;
    final Stripe stripe;

    int connections;
    long connectionLevel;
    long messageLevel;
    long byteLevel;

    /** When the levels were right. */
    long at;

    Account(int id, Stripe stripe) {
        this.id = id;
        this.stripe = stripe;
    }
}
