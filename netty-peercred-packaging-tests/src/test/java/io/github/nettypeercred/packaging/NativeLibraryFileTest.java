// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How the native libraries in the jar were linked. */
class NativeLibraryFileTest {
    /** What the C library of musl has too, besides plain POSIX; a new symbol here is to be looked up in musl first. */
    private static final Set<String> IMPORTED = Set.of(
            "__errno_location",
            "__fxstat",
            "__fxstatat",
            "__stack_chk_fail",
            "bcmp",
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
            "getpid",
            "getpwnam_r",
            "getpwuid_r",
            "getresgid",
            "getresuid",
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
            "recvmmsg",
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

    /** What Zig's linker puts into each Mach-O library. */
    private static final Set<String> OF_THE_LINKER = Set.of("__mh_dylib_header", "___dso_handle");

    private static final int MACOS_11 = 11 << 16;

    /** The libraries as ELF files: all but those of macOS. */
    static List<String> libraries() throws IOException {
        return entries(name -> name.endsWith(".so"));
    }

    static List<String> linuxLibraries() throws IOException {
        return entries(name -> name.contains("_linux_"));
    }

    private static List<String> entries(Predicate<String> which) throws IOException {
        try (JarFile jar = new JarFile(Jars.ours("native").toFile())) {
            return jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.startsWith("META-INF/native/lib"))
                    .filter(which)
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
    @MethodSource("linuxLibraries")
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
        // dladdr(3) is in libdl before glibc 2.34, for which a cross-compiled library is; NetBSD's C library wants
        // threads.
        assertThat(elf(library).needed())
                .filteredOn(needed -> !needed.equals("libdl.so.2") && !needed.equals("libpthread.so.1"))
                .hasSize(library.contains("_openbsd_") ? 0 : 1)
                .allMatch(needed -> needed.startsWith("libc."));
        assertThat(elf(library).dynamic(ElfFile.DT_RPATH)).isEmpty();
        assertThat(elf(library).dynamic(ElfFile.DT_RUNPATH)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_is_hardened(String library) throws IOException {
        ElfFile elf = elf(library);

        if (!library.contains("_netbsd_")) { // for which Zig has none
            assertThat(elf.segment(ElfFile.PT_GNU_RELRO).size()).isPositive();
        }
        assertThat(elf.segment(ElfFile.PT_GNU_STACK).flags() & ElfFile.PF_X).isZero();
        assertThat(elf.dynamic(ElfFile.DT_FLAGS))
                .singleElement()
                .matches(flags -> (flags & ElfFile.DF_BIND_NOW) != 0, "has BIND_NOW");
        assertThat(elf.dynamic(ElfFile.DT_TEXTREL)).isEmpty();
        if (!library.matches(".*_(openbsd_.*|linux_aarch_64|linux_riscv64)\\.so")) { // see build.sh
            assertThat(elf.symbols()).extracting(ElfFile.Symbol::name).contains("__stack_chk_fail");
        }
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_is_for_the_processor_of_its_name(String library) throws IOException {
        assertThat(elf(library).machine())
                .isEqualTo(
                        library.endsWith("_x86_64.so")
                                ? ElfFile.EM_X86_64
                                : library.endsWith("_aarch_64.so") ? ElfFile.EM_AARCH64 : ElfFile.EM_RISCV);
    }

    @Test
    void libraries_of_macos_are_hardened_and_need_the_system_alone() throws IOException {
        List<String> libraries = entries(name -> name.endsWith(".dylib"));
        assumeTrue(!libraries.isEmpty(), "built without -Pall-platforms");

        for (String library : libraries) {
            MachOFile file = new MachOFile(bytes(library));
            boolean arm = library.endsWith("_aarch_64.dylib");
            assertThat(file.cpuType()).isEqualTo(arm ? MachOFile.CPU_TYPE_ARM64 : MachOFile.CPU_TYPE_X86_64);
            assertThat(file.exported())
                    .contains("_JNI_OnLoad")
                    .allMatch(name -> name.equals("_JNI_OnLoad") || OF_THE_LINKER.contains(name));
            assertThat(file.needed()).containsExactly("/usr/lib/libSystem.B.dylib");
            assertThat(file.minimumVersion()).isEqualTo(MACOS_11);
            assertThat(file.hasRunPath()).isFalse();
            assertThat(file.hasWritableCode()).isFalse();
            assertThat(file.isSigned() || !arm)
                    .as("signed, as Apple's processors demand")
                    .isTrue();
        }
    }

    @Test
    void jar_has_all_platforms_or_this_one() throws IOException {
        List<String> libraries = entries(name -> true);
        assertThat(libraries).contains(Jars.LIBRARY);
        assumeTrue(libraries.size() > 1, "built without -Pall-platforms");

        assertThat(libraries).hasSize(11);
        assertThat(Files.size(Jars.ours("native"))).isLessThan(400 * 1024);
    }

    @ParameterizedTest
    @MethodSource("libraries")
    void library_is_small(String library) throws IOException {
        assertThat(bytes(library)).hasSizeLessThan(48 * 1024);
    }

    @ParameterizedTest
    @MethodSource("linuxLibraries")
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
