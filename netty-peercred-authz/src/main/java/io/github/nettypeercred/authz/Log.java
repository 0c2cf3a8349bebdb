// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;

/** Netty's logger in one place: with it our lines go where the application has Netty's go. */
final class Log {
    static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred.authz");

    private Log() {}

    static void warn(String line) {
        LOGGER.warn(line);
    }

    static void warn(String line, Throwable cause) {
        LOGGER.warn(line, cause);
    }

    static void debug(String line, Throwable cause) {
        LOGGER.debug(line, cause);
    }

    static void debug(String format, Object first, Object second) {
        LOGGER.debug(format, first, second);
    }
}
