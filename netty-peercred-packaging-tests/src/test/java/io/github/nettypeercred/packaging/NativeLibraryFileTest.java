// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How the native libraries in the jar were linked. */
class NativeLibraryFileTest {
    /** What the C library of musl has too, besides plain POSIX; a new symbol here is to be looked up in musl first. */
    private static final Set<String> IMPORTED = Set.of(
            "__errno_location",
            "__stack_chk_fail",
            "bind",
            "clock_gettime",
            "close",
            "connect",
            "dladdr",
            "fchmod",
            "fchmodat",
            "fchownat",
            "fcntl",
            "fflush",
            "fprintf",
            "fputc",
            "fputs",
            "free",
            "fstat",
            "fstatat",
            "fwrite",
            "geteuid",
            "getgrgid_r",
            "getgrnam_r",
            "getgrouplist",
            "getpwnam_r",
            "getpwuid_r",
            "getsockname",
            "getsockopt",
            "ioctl",
            "listen",
            "malloc",
            "memcpy",
            "memmove",
            "memset",
            "mkdirat",
            "open",
            "openat",
            "poll",
            "read",
            "recvmsg",
            "renameat",
            "sendmsg",
            "setsockopt",
            "shutdown",
            "snprintf",
            "socket",
            "stderr",
            "stpcpy",
            "strcat",
            "strchr",
            "strcpy",
            "strlen",
            "strncmp",
            "strnlen",
            "strstr",
            "syscall",
            "unlinkat");

    static List<String> libraries() throws IOException {
        try (JarFile jar = new JarFile(Jars.ours("native").toFile())) {
            return jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.startsWith("META-INF/native/") && name.endsWith(".so"))
                    .toList();
        }
    }

    private static ElfFile elf(String library) throws IOException {
        return new ElfFile(bytes(library));
    }

    private static byte[] bytes(String library) throws IOException {
        return Jars.entry(Jars.ours("native"), library);
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_exports_nothing_but_its_entry(String library) throws IOException {
        assertThat(elf(library).symbols().stream()
                        .filter(ElfFile.Symbol::isDefined)
                        .map(ElfFile.Symbol::name))
                .containsExactly("JNI_OnLoad");
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_imports_only_what_musl_has_too(String library) throws IOException {
        assertThat(elf(library).symbols().stream()
                        .filter(symbol -> !symbol.isDefined() && !symbol.isWeak())
                        .map(ElfFile.Symbol::name))
                .isSubsetOf(IMPORTED)
                .noneMatch(name -> name.endsWith("_chk"));
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_needs_only_the_c_library(String library) throws IOException {
        assertThat(elf(library).needed()).hasSize(1).first().asString().startsWith("libc.");
        assertThat(elf(library).dynamic(ElfFile.DT_RPATH)).isEmpty();
        assertThat(elf(library).dynamic(ElfFile.DT_RUNPATH)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_is_hardened(String library) throws IOException {
        ElfFile elf = elf(library);

        assertThat(elf.segment(ElfFile.PT_GNU_RELRO).size()).isPositive();
        assertThat(elf.segment(ElfFile.PT_GNU_STACK).flags() & ElfFile.PF_X).isZero();
        assertThat(elf.dynamic(ElfFile.DT_FLAGS))
                .singleElement()
                .matches(flags -> (flags & ElfFile.DF_BIND_NOW) != 0, "has BIND_NOW");
        assertThat(elf.dynamic(ElfFile.DT_TEXTREL)).isEmpty();
        assertThat(elf.symbols()).extracting(ElfFile.Symbol::name).contains("__stack_chk_fail");
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_is_small(String library) throws IOException {
        assertThat(bytes(library)).hasSizeLessThan(48 * 1024);
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_is_linked_by_the_loader_of_musl(String library, @TempDir Path folder) throws IOException {
        Path loader = muslLoader();
        assumeTrue(loader != null, "musl is not installed (Debian: apt-get install musl)");
        assumeTrue(library.equals(Jars.LIBRARY), "the library is for another machine");
        Path file = Files.write(folder.resolve("library.so"), bytes(library));

        // With --list, it resolves all symbols as it would for a program, and fails if there is one that it lacks.
        assertThat(Child.run(List.of(loader.toString(), "--list", file.toString())))
                .contains(" => " + loader)
                .doesNotContain("Error");
    }

    private static Path muslLoader() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/lib"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("ld-musl-"))
                    .findFirst()
                    .orElse(null);
        }
    }
}
