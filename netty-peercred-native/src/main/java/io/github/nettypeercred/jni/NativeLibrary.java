// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Loads the JNI library, once: from the file that system property {@value #FILE_PROPERTY} names; else from {@code
 * java.library.path}; else from the jar, through a temporary file in the folder that {@value #FOLDER_PROPERTY} or {@code
 * java.io.tmpdir} names.
 */
public final class NativeLibrary {
    /** The system property that names a library file to load, instead of all else. */
    public static final String FILE_PROPERTY = "nettypeercred.native.file";

    /** The system property that names the folder for the temporary file, instead of {@code java.io.tmpdir}. */
    public static final String FOLDER_PROPERTY = "nettypeercred.native.folder";

    @SuppressWarnings("StaticAssignmentOfThrowable") // the cause is of the class, as in Netty's Epoll
    private static final @Nullable Throwable UNAVAILABILITY_CAUSE = load();

    private NativeLibrary() {}

    /**
     * Returns why the library is not loaded.
     *
     * @return the cause, whose message says what to do; null if the library is loaded
     */
    public static @Nullable Throwable unavailabilityCause() {
        return UNAVAILABILITY_CAUSE;
    }

    private static @Nullable Throwable load() {
        try {
            String file = System.getProperty(FILE_PROPERTY);
            if (file != null) {
                loadFile(Path.of(file).toAbsolutePath());
            } else if (!loadFromLibraryPath()) {
                loadFromJar();
            }
            return null;
        } catch (Throwable t) {
            return t;
        }
    }

    private static boolean loadFromLibraryPath() {
        try {
            System.loadLibrary(packagePrefix() + libraryName());
            return true;
        } catch (UnsatisfiedLinkError notThere) {
            return false;
        }
    }

    private static void loadFromJar() throws IOException {
        String name = System.mapLibraryName(packagePrefix() + libraryName());
        String resource = "META-INF/native/" + name;
        try (InputStream in = open(resource)) {
            if (in == null) {
                throw new UnsatisfiedLinkError(
                        "netty-peercred has no native library for this platform: its jar holds no " + resource
                                + "; build it here with `mvn package` and name it with -D" + FILE_PROPERTY);
            }
            Path folder = Path.of(System.getProperty(FOLDER_PROPERTY, System.getProperty("java.io.tmpdir")));
            Path file;
            try {
                file = Files.createTempFile(folder, name.substring(0, name.lastIndexOf('.')), ".so");
            } catch (IOException e) {
                throw new IOException(
                        "cannot write to folder " + folder + ": name another with -D" + FOLDER_PROPERTY, e);
            }
            try {
                Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
                loadFile(file);
            } finally {
                Files.delete(file); // what is loaded stays loaded
            }
        }
    }

    private static @Nullable InputStream open(String resource) {
        ClassLoader loader = NativeLibrary.class.getClassLoader();
        return loader == null ? ClassLoader.getSystemResourceAsStream(resource) : loader.getResourceAsStream(resource);
    }

    private static void loadFile(Path file) {
        try {
            System.load(file.toString());
        } catch (UnsatisfiedLinkError e) {
            UnsatisfiedLinkError explained = new UnsatisfiedLinkError(explain(file, String.valueOf(e.getMessage())));
            explained.initCause(e);
            throw explained;
        }
    }

    /** Says what to do about a failure of dlopen(3), whose messages differ by C library. */
    static String explain(Path file, String message) {
        String text = message.toLowerCase(Locale.ROOT);
        String advice;
        if (text.contains("failed to map segment") || text.contains("operation not permitted")) {
            advice = "folder " + file.getParent() + " is mounted noexec; name another with -D" + FOLDER_PROPERTY;
        } else if (text.contains("wrong elf class")
                || text.contains("exec format error")
                || text.contains("wrong architecture")
                || text.contains("incompatible architecture")
                || text.contains("possible cause")) {
            advice = "it is not a library for this machine's architecture (" + System.getProperty("os.arch") + ")";
        } else if (text.contains("no such file") || text.contains("can't load library")) {
            advice = "the file, or a library that it needs, is missing";
        } else if (text.contains("symbol not found") || text.contains("error relocating") || text.contains("glibc_")) {
            advice = "this system's C library (musl?) is not the one it was built for; build it here with `mvn package`"
                    + " and name it with -D" + FILE_PROPERTY;
        } else {
            advice = "name another with -D" + FILE_PROPERTY;
        }
        return "cannot load " + file + ": " + advice + " [" + message + "]";
    }

    private static String libraryName() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        return "netty_peercred_" + (os.startsWith("linux") ? "linux" : os.replaceAll("[^a-z0-9]", "")) + "_"
                + switch (arch) {
                    case "amd64", "x86_64", "x64" -> "x86_64";
                    case "aarch64", "arm64" -> "aarch_64";
                    default -> arch.replaceAll("[^a-z0-9]", "");
                };
    }

    /**
     * What stands before the library's name when this class was relocated into another package, as netty-jni-util parses
     * it: the new package in front of ours, "_" for ".", "_1" for "_".
     */
    private static String packagePrefix() {
        // A relocating tool rewrites string constants that look like our package, so this one does not.
        String unrelocated = "io!github!nettypeercred!jni!NativeLibrary".replace('!', '.');
        String actual = NativeLibrary.class.getName();
        if (!actual.endsWith(unrelocated)) {
            throw new UnsatisfiedLinkError("netty-peercred was relocated to " + actual
                    + ": only a package in front of the original one is supported");
        }
        return actual.substring(0, actual.length() - unrelocated.length())
                .replace("_", "_1")
                .replace('.', '_');
    }
}
