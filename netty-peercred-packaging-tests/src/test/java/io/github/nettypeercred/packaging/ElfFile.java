// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** As much of a 64-bit little-endian ELF library as the linker at run time looks at, elf(5). */
final class ElfFile {
    static final int PT_GNU_STACK = 0x6474e551;
    static final int PT_GNU_RELRO = 0x6474e552;
    static final int PF_X = 1;
    static final int DT_NEEDED = 1;
    static final int DT_TEXTREL = 22;
    static final int DT_RPATH = 15;
    static final int DT_RUNPATH = 29;
    static final int DT_FLAGS = 30;
    static final int DF_BIND_NOW = 8;
    static final int EM_X86_64 = 62;
    static final int EM_AARCH64 = 183;
    static final int EM_RISCV = 243;

    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int DT_STRTAB = 5;
    private static final int DT_SYMTAB = 6;
    private static final int SHT_DYNSYM = 11;
    private static final int SYMBOL_SIZE = 24;

    private final ByteBuffer file;
    private final List<Segment> segments = new ArrayList<>();
    private final List<long[]> dynamic = new ArrayList<>();
    private final List<Symbol> symbols = new ArrayList<>();

    record Segment(int type, int flags, long offset, long address, long size) {}

    record Symbol(String name, boolean isDefined, boolean isWeak) {}

    ElfFile(byte[] bytes) {
        file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (file.getInt(0) != 0x464C457F || file.get(4) != 2 || file.get(5) != 1) {
            throw new IllegalArgumentException("no 64-bit little-endian ELF file");
        }
        for (int i = 0; i < file.getShort(56); i++) {
            int at = (int) file.getLong(32) + i * file.getShort(54);
            segments.add(new Segment(
                    file.getInt(at),
                    file.getInt(at + 4),
                    file.getLong(at + 8),
                    file.getLong(at + 16),
                    file.getLong(at + 32)));
        }
        Segment table = segment(PT_DYNAMIC);
        for (int at = (int) table.offset(); file.getLong(at) != 0; at += 16) {
            dynamic.add(new long[] {file.getLong(at), file.getLong(at + 8)});
        }
        int first = offset(dynamic(DT_SYMTAB).get(0));
        for (int i = 1; i < symbolCount(); i++) { // the first is nobody's
            int at = first + i * SYMBOL_SIZE;
            symbols.add(new Symbol(string(file.getInt(at)), file.getShort(at + 6) != 0, file.get(at + 4) >> 4 == 2));
        }
    }

    int machine() {
        return file.getShort(18);
    }

    Segment segment(int type) {
        return segments.stream()
                .filter(segment -> segment.type() == type)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no segment of type " + Integer.toHexString(type)));
    }

    /** The values of a tag of the dynamic section. */
    List<Long> dynamic(int tag) {
        return dynamic.stream()
                .filter(entry -> entry[0] == tag)
                .map(entry -> entry[1])
                .toList();
    }

    /** The libraries that this one needs. */
    List<String> needed() {
        return dynamic(DT_NEEDED).stream().map(name -> string(name.intValue())).toList();
    }

    List<Symbol> symbols() {
        return symbols;
    }

    /** The size of the dynamic symbol table, which only its section tells. */
    private int symbolCount() {
        for (int i = 0; i < file.getShort(60); i++) {
            int at = (int) file.getLong(40) + i * file.getShort(58);
            if (file.getInt(at + 4) == SHT_DYNSYM) {
                return (int) file.getLong(at + 32) / SYMBOL_SIZE;
            }
        }
        throw new IllegalArgumentException("no dynamic symbols");
    }

    private String string(int index) {
        int start = offset(dynamic(DT_STRTAB).get(0)) + index;
        int end = start;
        while (file.get(end) != 0) {
            end++;
        }
        return new String(file.array(), start, end - start, US_ASCII);
    }

    private int offset(long address) {
        return segments.stream()
                .filter(segment -> segment.type() == PT_LOAD
                        && address >= segment.address()
                        && address < segment.address() + segment.size())
                .mapToInt(segment -> (int) (address - segment.address() + segment.offset()))
                .findFirst()
                .orElseThrow();
    }
}
