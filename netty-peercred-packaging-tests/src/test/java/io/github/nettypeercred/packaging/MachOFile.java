// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** As much of a 64-bit Mach-O library as the dynamic linker of macOS looks at: mach-o/loader.h, mach-o/nlist.h. */
final class MachOFile {
    static final int CPU_TYPE_X86_64 = 0x01000007;
    static final int CPU_TYPE_ARM64 = 0x0100000C;

    private static final int MAGIC_64 = 0xFEEDFACF;
    private static final int LC_SYMTAB = 0x2;
    private static final int LC_LOAD_DYLIB = 0xC;
    private static final int LC_SEGMENT_64 = 0x19;
    private static final int LC_RPATH = 0x8000001C;
    private static final int LC_CODE_SIGNATURE = 0x1D;
    private static final int LC_BUILD_VERSION = 0x32;
    private static final int WRITABLE_AND_EXECUTABLE = 2 | 4;
    private static final int N_EXT = 0x01;
    private static final int N_TYPE = 0x0E;

    private final ByteBuffer file;
    private final List<String> needed = new ArrayList<>();
    private final List<String> exported = new ArrayList<>();
    private int minimumVersion;
    private boolean hasRunPath;
    private boolean hasWritableCode;
    private boolean isSigned;

    MachOFile(byte[] bytes) {
        file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (file.getInt(0) != MAGIC_64) {
            throw new IllegalArgumentException("no 64-bit Mach-O file");
        }
        int at = 32;
        for (int i = 0; i < file.getInt(16); i++) {
            switch (file.getInt(at)) {
                case LC_LOAD_DYLIB -> needed.add(string(at + file.getInt(at + 8)));
                case LC_BUILD_VERSION -> minimumVersion = file.getInt(at + 12);
                case LC_RPATH -> hasRunPath = true;
                case LC_CODE_SIGNATURE -> isSigned = true;
                case LC_SEGMENT_64 ->
                    hasWritableCode |= (file.getInt(at + 60) & WRITABLE_AND_EXECUTABLE) == WRITABLE_AND_EXECUTABLE;
                case LC_SYMTAB -> readSymbols(file.getInt(at + 8), file.getInt(at + 12), file.getInt(at + 16));
                default -> {} // nothing that is asked for here
            }
            at += file.getInt(at + 4);
        }
    }

    int cpuType() {
        return file.getInt(4);
    }

    List<String> needed() {
        return needed;
    }

    List<String> exported() {
        return exported;
    }

    /** The oldest macOS that it loads on, as 0xMMMMmmpp. */
    int minimumVersion() {
        return minimumVersion;
    }

    boolean hasRunPath() {
        return hasRunPath;
    }

    boolean hasWritableCode() {
        return hasWritableCode;
    }

    boolean isSigned() {
        return isSigned;
    }

    private void readSymbols(int table, int count, int strings) {
        for (int at = table; at < table + 16 * count; at += 16) {
            int type = file.get(at + 4);
            if ((type & N_EXT) != 0 && (type & N_TYPE) != 0) {
                exported.add(string(strings + file.getInt(at)));
            }
        }
    }

    private String string(int start) {
        int end = start;
        while (file.get(end) != 0) {
            end++;
        }
        return new String(file.array(), start, end - start, US_ASCII);
    }
}
