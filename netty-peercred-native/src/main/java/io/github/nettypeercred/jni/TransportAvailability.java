// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import org.jspecify.annotations.Nullable;

/** Whether credentials are to be had on a transport: what the transport modules tell their users. */
public final class TransportAvailability {
    private TransportAvailability() {}

    /**
     * Returns why credentials cannot be captured on a transport.
     *
     * @param transport the transport's name, as in the name of Netty's module with its native library
     * @param netty Netty's class that tells whether the transport is available
     * @param nettyCause why it is not, null if it is
     * @return the cause, whose message says what to do; null if they can
     */
    public static @Nullable Throwable unavailabilityCause(
            String transport, Class<?> netty, @Nullable Throwable nettyCause) {
        if (nettyCause == null) {
            return NativeLibrary.unavailabilityCause();
        }
        return new UnsupportedOperationException(
                "Netty's " + transport + " transport is not available: " + reason(nettyCause)
                        + advice(transport, netty.getModule(), nettyCause),
                nettyCause);
    }

    /**
     * Returns the cause for a transport whose classes are not there, such as those of io_uring beside Netty 4.1.
     *
     * @param transport the transport's name
     * @param missing what was thrown
     * @return the cause
     */
    public static Throwable missing(String transport, NoClassDefFoundError missing) {
        return new UnsupportedOperationException(
                "Netty's " + transport + " transport is not available: its classes are missing, add"
                        + " netty-transport-classes-" + transport + " of the version of the other Netty jars ["
                        + missing.getMessage() + "]",
                missing);
    }

    private static String reason(Throwable nettyCause) {
        Throwable inside = nettyCause instanceof ExceptionInInitializerError ? nettyCause.getCause() : null;
        return String.valueOf((inside == null ? nettyCause : inside).getMessage());
    }

    private static String advice(String transport, Module classes, Throwable nettyCause) {
        boolean kqueue = transport.equals("kqueue");
        String here = NativeLibrary.system();
        if (kqueue && here.equals("linux")) {
            return "; on Linux use netty-peercred-epoll or netty-peercred-io_uring";
        }
        if (kqueue && !here.equals("darwin")) {
            return "; Netty publishes its kqueue library for macOS alone, so build netty-transport-native-kqueue of this version here";
        }
        String system = kqueue ? "osx" : "linux";
        // All of Netty's io_uring jars, whatever their processor, call their module by the name of the first.
        String natives = "io.netty.transport." + transport + "." + system + "."
                + (transport.equals("io_uring") ? "x86_64" : NativeLibrary.arch());
        ModuleLayer layer = classes.getLayer();
        if (layer != null && layer.findModule(natives).isEmpty()) {
            return "; on the module path nothing requires Netty's native module, so start java with --add-modules "
                    + natives;
        }
        return nettyCause instanceof UnsatisfiedLinkError
                ? "; is netty-transport-native-" + transport + " with classifier " + system + "-" + NativeLibrary.arch()
                        + " on the class path?"
                : "";
    }

    /**
     * Throws if there is a cause.
     *
     * @param cause what {@link #unavailabilityCause} returned
     * @throws UnsatisfiedLinkError with the message of the cause, and caused by it
     */
    public static void ensure(@Nullable Throwable cause) {
        if (cause != null) {
            throw (Error) new UnsatisfiedLinkError(String.valueOf(cause.getMessage())).initCause(cause);
        }
    }
}
