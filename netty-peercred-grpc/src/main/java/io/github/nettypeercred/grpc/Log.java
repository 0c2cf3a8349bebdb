// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;

/** The one place that logs, by Netty's logger. */
final class Log {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred.grpc");

    private Log() {}

    static void warn(String message) {
        LOGGER.warn(message);
    }

    static void warn(String message, Throwable cause) {
        LOGGER.warn(message, cause);
    }
}
