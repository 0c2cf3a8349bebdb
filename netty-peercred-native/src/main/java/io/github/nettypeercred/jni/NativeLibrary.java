// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
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
                loadFile(Path.of(file).toAbsolutePath(), "name another file with -D" + FILE_PROPERTY);
            } else {
                loadFromLibraryPathOrJar();
            }
            ensureFunctionsAreOurs();
            return null;
        } catch (IllegalCallerException e) { // from JDK 24 on
            Module module = NativeLibrary.class.getModule();
            return new UnsupportedOperationException(
                    "Java forbids netty-peercred to load its native library: start java with --enable-native-access="
                            + (module.isNamed() ? module.getName() : "ALL-UNNAMED") + " [" + e.getMessage() + "]",
                    e);
        } catch (Throwable t) {
            return t;
        }
    }

    private static void ensureFunctionsAreOurs() {
        try {
            Native.address(ByteBuffer.allocateDirect(1));
        } catch (UnsatisfiedLinkError e) {
            throw (Error) new UnsatisfiedLinkError(
                            "the native library gave its functions to another copy of netty-peercred than "
                                    + NativeLibrary.class.getName() + ": for this one the file's name must be lib"
                                    + name()
                                    + " with .so, or anything after that")
                    .initCause(e);
        }
    }

    private static void loadFromLibraryPathOrJar() throws IOException {
        LinkageError notThere;
        try {
            System.loadLibrary(name());
            return;
        } catch (LinkageError e) {
            notThere = e;
        }
        try {
            loadFromJar();
        } catch (IOException | LinkageError e) {
            e.addSuppressed(notThere);
            throw e;
        }
    }

    private static void loadFromJar() throws IOException {
        String fileName = System.mapLibraryName(name());
        String resource = "META-INF/native/" + fileName;
        try (InputStream in = open(resource)) {
            if (in == null) {
                throw new UnsatisfiedLinkError(
                        packagePrefix().isEmpty()
                                ? "netty-peercred has no native library for this platform: its jar holds no " + resource
                                        + "; build it here with `mvn package` and name it with -D" + FILE_PROPERTY
                                : "netty-peercred was relocated and its native library was not: the jar holds no "
                                        + resource
                                        + ", which is what META-INF/native/"
                                        + System.mapLibraryName(platformName())
                                        + " must be renamed to");
            }
            Path folder = Path.of(System.getProperty(FOLDER_PROPERTY, System.getProperty("java.io.tmpdir")))
                    .toAbsolutePath();
            Path file = copy(in, folder, fileName);
            try {
                loadFile(file, "name another folder with -D" + FOLDER_PROPERTY);
            } finally {
                delete(file); // what is loaded stays loaded
            }
        }
    }

    /** Makes the temporary file, which only this user may open. */
    private static Path copy(InputStream library, Path folder, String fileName) throws IOException {
        Path file = null;
        try {
            int dot = fileName.lastIndexOf('.');
            file = Files.createTempFile(folder, fileName.substring(0, dot), fileName.substring(dot));
            Files.copy(library, file, StandardCopyOption.REPLACE_EXISTING);
            return file;
        } catch (IOException e) {
            if (file != null) {
                delete(file);
            }
            throw new IOException(
                    "cannot write the native library to folder " + folder + ": name another folder with -D"
                            + FOLDER_PROPERTY + " [" + e + "]",
                    e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            file.toFile().deleteOnExit(); // a left-over file is no reason to be unavailable
        }
    }

    private static @Nullable InputStream open(String resource) {
        ClassLoader loader = NativeLibrary.class.getClassLoader();
        return loader == null ? ClassLoader.getSystemResourceAsStream(resource) : loader.getResourceAsStream(resource);
    }

    private static void loadFile(Path file, String advice) {
        String defect = LibraryFile.defect(file);
        if (defect != null) {
            throw new UnsatisfiedLinkError("cannot load " + file + ": " + defect + "; " + advice);
        }
        try {
            System.load(file.toString());
        } catch (LinkageError e) {
            UnsatisfiedLinkError explained = new UnsatisfiedLinkError("cannot load " + file + ": "
                    + LibraryFile.explain(file, e) + "; " + advice + " [" + e.getMessage() + "]");
            explained.initCause(e);
            throw explained;
        }
    }

    /** The library's name without what the system puts around it. */
    static String name() {
        return packagePrefix() + platformName();
    }

    private static String platformName() {
        return "netty_peercred_" + system() + "_" + arch();
    }

    /** The name of the kernel, as uname(1) has it, in lower case. */
    static String system() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return os.startsWith("mac") ? "darwin" : os.replaceAll("[^a-z0-9]", "");
    }

    /** The processor in the words of Netty's native jars and ours. */
    static String arch() {
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        return switch (arch) {
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
