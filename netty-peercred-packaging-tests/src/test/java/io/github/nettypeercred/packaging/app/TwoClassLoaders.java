// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Loads the library from two copies of its classes, as two web applications of one process would. */
public final class TwoClassLoaders {
    private TwoClassLoaders() {}

    public static void main(String[] args) throws Exception {
        List<URL> jars = new ArrayList<>();
        for (String jar : args[0].split(File.pathSeparator, -1)) {
            jars.add(Path.of(jar).toUri().toURL());
        }
        for (int i = 1; i <= 2; i++) {
            try (URLClassLoader loader =
                    new URLClassLoader(jars.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
                Throwable cause = (Throwable) loader.loadClass("io.github.nettypeercred.jni.NativeLibrary")
                        .getMethod("unavailabilityCause")
                        .invoke(null);
                System.out.println("cause " + i + "=" + (cause == null ? "none" : cause.getMessage()));
            }
        }
    }
}
