// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Netty's logger, at debug, in one place. It is the one internal API of Netty that this module uses: with it our lines go
 * where the application has Netty's go.
 */
final class Log {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred");

    private Log() {}

    static void debug(String message, Throwable cause) {
        LOGGER.debug(message, cause);
    }

    static void debug(String format, Object first, @Nullable Object second) {
        LOGGER.debug(format, first, second);
    }
}
