// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;

/** Netty's logger in one place: with it our lines go where the application has Netty's go. */
final class Log {
    static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred.auto");

    private Log() {}
}
