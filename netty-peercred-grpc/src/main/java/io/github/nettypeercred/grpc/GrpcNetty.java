// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import java.util.Objects;

/** Tells grpc-netty's builders from those of grpc-netty-shaded. It links against neither, since one of them may not be there. */
final class GrpcNetty {
    private static final String PACKAGE = "io.grpc.netty.";
    private static final String SHADED = "io.grpc.netty.shaded.io.grpc.netty.";
    static final String CANNOT_WORK = "grpc-netty-shaded has a copy of Netty under other names, which no handler of"
            + " netty-peercred fits: use io.grpc:grpc-netty in its place";

    private GrpcNetty() {}

    /** Makes sure that a builder is of a class of grpc-netty. */
    static void ensureBuilder(Object builder, String simpleName) {
        String name = Objects.requireNonNull(builder, "builder").getClass().getName();
        if (name.startsWith(SHADED)) {
            throw new IllegalArgumentException(CANNOT_WORK);
        }
        if (!name.equals(PACKAGE + simpleName)) {
            throw new IllegalArgumentException(
                    "a " + simpleName + " of io.grpc:grpc-netty is needed, and this is a " + name);
        }
    }

    /** Makes sure that grpc-netty is there. */
    static void ensureAvailability(ClassLoader loader) {
        if (!isThere(PACKAGE + "NettyServerBuilder", loader)) {
            throw new IllegalStateException(
                    isThere(SHADED + "NettyServerBuilder", loader)
                            ? CANNOT_WORK
                            : "io.grpc:grpc-netty is not on the class path or module path");
        }
    }

    private static boolean isThere(String name, ClassLoader loader) {
        try {
            Class.forName(name, false, loader);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
