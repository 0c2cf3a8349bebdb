// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Netty's logger in one place: at debug what concerns one channel, at warn, once, what is wrong with the set-up. It is the one internal API of Netty that this module uses: with it our lines go
 * where the application has Netty's go.
 */
final class Log {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred");

    private static final int MOST_WARNINGS = 20;
    private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

    private Log() {}

    /** Says what is wrong with the set-up, and so with every connection: once for each message. */
    static void warnOnce(Absence absence) {
        if (WARNED.size() < MOST_WARNINGS && WARNED.add(absence.message())) {
            LOGGER.warn("no peer credentials: {}", absence.message());
        }
    }

    static void debug(String message, Throwable cause) {
        LOGGER.debug(message, cause);
    }

    static void debug(String format, Object first, @Nullable Object second) {
        LOGGER.debug(format, first, second);
    }
}
