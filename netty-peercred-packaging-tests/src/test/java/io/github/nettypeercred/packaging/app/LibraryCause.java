// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import io.github.nettypeercred.jni.NativeLibrary;
import java.nio.file.Files;
import java.nio.file.Path;

/** Loads the native library and prints why not, or which file is mapped. */
public final class LibraryCause {
    private LibraryCause() {}

    public static void main(String[] args) throws Exception {
        Throwable cause = NativeLibrary.unavailabilityCause();
        System.out.println("cause=" + (cause == null ? "none" : cause.getMessage()));
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("netty_peercred") && line.contains("r-xp"))
                .forEach(line -> System.out.println("mapped=" + line.substring(line.indexOf('/'))));
    }
}
