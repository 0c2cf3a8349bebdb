// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

/** What is about to be done; tests stop here. */
enum Step {
    /** An attempt to take the lock; there is another one for as long as somebody else has it. */
    LOCK,
    PROBE,
    BIND,
    RENAME,
    UNLINK,
    /** The lock is about to be given back. */
    UNLOCK;

    /** Is told of each step. */
    @FunctionalInterface
    interface Observer {
        Observer NONE = step -> {};

        void before(Step step);
    }
}
