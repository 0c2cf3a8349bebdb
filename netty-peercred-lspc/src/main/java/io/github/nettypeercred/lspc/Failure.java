// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

/** The reason why a command could not do its work, in one line. It ends the program with exit code 1. */
class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    Failure(String message) {
        super(message);
    }

    Failure(String message, Throwable cause) {
        super(message, cause);
    }
}
