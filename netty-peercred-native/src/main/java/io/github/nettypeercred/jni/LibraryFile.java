// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Why a library file is not one that this process can load. Found out by looking at the file rather than at what dlopen(3)
 * says: its messages differ by C library and language, they name a wrong architecture "no such file", and a file that was cut
 * short kills the process.
 */
final class LibraryFile {
    /** The program that runs here, whose header says what a library must be. */
    private static final Path SELF = Path.of("/proc/self/exe");

    private LibraryFile() {}

    /**
     * Looks at a file before it is loaded.
     *
     * @return what is wrong with it, or null if nothing is known to be
     */
    static @Nullable String defect(Path file) {
        if (!System.mapLibraryName("").endsWith(".so")) {
            return null; // no system of ELF files
        }
        Elf library;
        try {
            library = Elf.read(file);
        } catch (NoSuchFileException e) {
            return "there is no such file";
        } catch (IOException e) {
            return "it cannot be read (" + e + ")";
        }
        if (!library.isElf()) {
            return "it is damaged: it does not begin as an ELF file does";
        }
        return library.isComplete() ? null : "it is damaged: its end is missing";
    }

    /**
     * Explains why a file without a known defect was not loaded.
     *
     * @param failure what {@link System#load} threw
     * @return the cause in words
     */
    static String explain(Path file, Throwable failure) {
        String architecture = otherArchitecture(file);
        if (architecture != null) {
            return architecture;
        }
        String text = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        if (failure instanceof NoClassDefFoundError || text.contains("unsupported jni version")) {
            return "its name must be lib" + NativeLibrary.name()
                    + " with .so, or anything after that, and it must be of" + " this version of netty-peercred";
        }
        if (failure instanceof NoSuchMethodError) {
            return "it is of another version of netty-peercred";
        }
        if (isMountedNoexec(file)) {
            return "its folder " + file.getParent() + " is mounted noexec";
        }
        if (text.contains("failed to map segment") || text.contains("operation not permitted")) {
            return "the system (SELinux, seccomp, a limit of memory) lets no code be mapped from its folder "
                    + file.getParent();
        }
        if (text.contains("symbol not found") || text.contains("error relocating") || text.contains("glibc_")) {
            return "this system's C library (musl, or an older glibc) lacks what the library was built for";
        }
        if (text.contains("another classloader")) {
            return "another class loader of this process has it, and each needs a file of its own";
        }
        return "the dynamic linker refused it";
    }

    /** Asked only after a failure, because an emulator may show itself in place of the program that it runs. */
    private static @Nullable String otherArchitecture(Path file) {
        try {
            Elf library = Elf.read(file);
            Elf self = Elf.read(SELF);
            return library.bits() == self.bits()
                            && library.order() == self.order()
                            && library.machine() == self.machine()
                    ? null
                    : "it is not a library for this machine's architecture: it is for ELF machine " + library.machine()
                            + " with " + library.bits() + " bits, and Java (" + System.getProperty("os.arch")
                            + ") runs on " + self.machine() + " with " + self.bits();
        } catch (IOException e) {
            return null; // /proc is hidden
        }
    }

    private static boolean isMountedNoexec(Path file) {
        try {
            Path real = file.toRealPath();
            int depth = -1;
            boolean noexec = false;
            for (String mount : Files.readAllLines(Path.of("/proc/self/mounts"))) {
                // proc_pid_mounts(5): device, folder with blanks as \040, type, options
                String[] fields = mount.split(" ", -1);
                Path folder = Path.of(fields[1].replace("\\040", " "));
                if (real.startsWith(folder) && folder.getNameCount() >= depth) {
                    depth = folder.getNameCount();
                    noexec = Arrays.asList(fields[3].split(",", -1)).contains("noexec");
                }
            }
            return noexec;
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /** The header of an ELF file, elf(5); a file shorter than that has zeroes in it. */
    private record Elf(ByteBuffer header, long size) {
        private static final int HEADER_SIZE = 64;

        static Elf read(Path file) throws IOException {
            try (SeekableByteChannel channel = Files.newByteChannel(file)) {
                ByteBuffer header = ByteBuffer.allocate(HEADER_SIZE);
                while (header.hasRemaining() && channel.read(header) >= 0) {
                    // until the header is there, or the end
                }
                header.order(header.get(5) == 2 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
                return new Elf(header, channel.size());
            }
        }

        boolean isElf() {
            return size >= HEADER_SIZE
                    && header.getInt(0) == (order() == ByteOrder.BIG_ENDIAN ? 0x7F454C46 : 0x464C457F);
        }

        ByteOrder order() {
            return header.order();
        }

        int bits() {
            return header.get(4) == 2 ? 64 : 32;
        }

        int machine() {
            return header.getShort(18) & 0xFFFF;
        }

        /** Whether the table of sections, which linkers put last, is there. */
        boolean isComplete() {
            long sections = bits() == 64 ? header.getLong(40) : header.getInt(32) & 0xFFFF_FFFFL;
            int sizes = bits() == 64 ? 58 : 46;
            long length = (header.getShort(sizes) & 0xFFFFL) * (header.getShort(sizes + 2) & 0xFFFFL);
            return sections >= 0 && sections + length <= size;
        }
    }
}
